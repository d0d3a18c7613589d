// Package faults is the fault harness: list_test.go lists what TestFaults provokes, round_test.go says what it does
// after each. It holds no test that needs less than a running program: those stand beside the code they test.
package faults
