package manage

import (
	"fmt"
	"regexp"
	"time"
)

// note is the reason that PayPal keeps with a change of status (status_change_note). Its words are for people who read
// it there; the change's id shows that the note is ours, even if our database has been lost since.
func note(c Change) string {
	what := map[Kind]string{Stop: "stopped", Pause: "paused", Resume: "resumed"}[c.Kind]
	if !c.Until.IsZero() {
		what += " until " + c.Until.Format(time.DateOnly)
	}
	return fmt.Sprintf("%s by %s (Readerfund %s)", what, wordsOf[c.By.Kind], c.ID)
}

// wordsOf are the words for who made a change in a note.
var wordsOf = map[string]string{ByReader: "the reader", ByStaff: "the publication", BySystem: "Readerfund"}

var notePattern = regexp.MustCompile(`^(stopped|paused|resumed)(?: until (\d{4}-\d\d-\d\d))? by ([A-Za-z ]+) ` +
	`\(Readerfund [0-9a-f-]{36}\)$`)

// readNote reads a note that we wrote: who made the change, and until when a pause lasts. by is empty when the note
// is not ours, so that the change was made at PayPal.
func readNote(text string) (by string, until time.Time) {
	found := notePattern.FindStringSubmatch(text)
	if found == nil {
		return "", time.Time{}
	}
	for kind, words := range wordsOf {
		if words == found[3] {
			by = kind
		}
	}
	until, _ = time.Parse(time.DateOnly, found[2]) // zero if there is no date
	return by, until
}
