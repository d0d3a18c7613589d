// Package command tests the programs' commands from outside, beside a running service: reconcile, backup and restore,
// the demo. It holds no test that needs less than a running program: those stand beside the code they test.
package command
