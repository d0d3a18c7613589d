// Package e2e holds the end-to-end tests: harness runs the real programs, and service, command, browser and faults test
// them from outside; sdk has PayPal's own client drive the sandbox. The packages are apart so that go test runs them
// side by side. This one is empty.
package e2e
