// Package sdk drives the sandbox with PayPal's own Node SDK: a client that nobody here wrote. It checks each answer
// against schemas of its own. It needs node and npm.
package sdk
