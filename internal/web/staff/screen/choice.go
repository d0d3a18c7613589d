package screen

// Choice is one line of a select.
type Choice struct{ Value, Label string }

// Preset is a link that sets a filter: a range of days that is often needed, or one state of a list.
type Preset struct {
	Name    string
	Address string
	Current bool
}
