package contribution

import (
	"strings"

	"readerfund/internal/text"
)

// Tribute says in whose honour or memory a gift is given.
type Tribute struct {
	Kind string `db:"tribute"`      // InHonour or InMemory; empty where it is neither
	Name string `db:"tribute_name"` // as the reader wrote it
}

// The kinds of tribute.
const (
	InHonour = "honour"
	InMemory = "memory"
)

// cleaned is no tribute where there is no name. A name without a known kind is given in honour.
func (t Tribute) cleaned() Tribute {
	t.Name = strings.TrimSpace(text.Visible(t.Name))
	switch {
	case t.Name == "":
		return Tribute{}
	case t.Kind != InMemory:
		t.Kind = InHonour
	}
	return t
}
