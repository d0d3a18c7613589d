package api

import (
	"testing"
)

// Whether a reader may be named has three answers, and only a yes is one.
func TestOnlyAYesIsAYes(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"": "", `,"anonymous":null,"named":null`: "", `,"anonymous":true`: "no", `,"anonymous":false`: "",
		`,"named":true`: "yes", `,"named":false`: "no", `,"named":true,"anonymous":true`: "no",
	} {
		in, _, err := intentOfJSON([]byte(`{"amount":"5"` + sent + `}`))
		if err != nil || string(in.Naming) != want {
			t.Errorf("the JSON %q: %q, want %q; %v", sent, in.Naming, want, err)
		}
	}
}
