package sandbox

import (
	"maps"
	"slices"
)

// IssueCodes are the issue codes that the emulator knows, for the conformance report to hold against PayPal's lists.
func IssueCodes() []string { return slices.Sorted(maps.Keys(issues)) }

// EventTypeNames are the events that a webhook may subscribe to.
func EventTypeNames() []string { return slices.Sorted(maps.Keys(eventTypes)) }
