// Package harness runs the real programs for the end-to-end tests: each test with a PostgreSQL database of its own and
// a PayPal sandbox of its own. Readers are HTTP clients, one at a time or as load; what they did is compared with what
// PayPal's sandbox and our books say of it.
//
// It holds no test. The packages beside it do: service, command, browser and faults, which go test runs side by side.
package harness
