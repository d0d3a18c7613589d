package config

import "log/slog"

// Secret is a value that shows itself nowhere: not in logs, not in errors, not in dumps. Convert it with string() where
// it is used.
type Secret string

const hidden = "(hidden)"

// String tells only whether there is a value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
