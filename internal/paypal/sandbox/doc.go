// Package sandbox emulates PayPal's REST API.
package sandbox
