// Package e2e tests the whole of it from outside: it builds the real programs and starts them as an operator would, each
// test with a PostgreSQL database of its own and a PayPal sandbox of its own. Readers are HTTP clients or a real
// Chromium, trouble is a kill -9 or a fault of the sandbox, and after it the sandbox's ledger must equal ours.
//
// TestFaults is the fault harness: faults_list_test.go lists what it provokes, round_test.go says what it does after each.
//
// It holds no test that needs less than a running program: those stand beside the code they test.
package e2e
