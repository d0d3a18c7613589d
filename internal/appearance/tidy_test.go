package appearance_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"readerfund/internal/appearance"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/media"
	"readerfund/internal/testkit"
)

func TestTypefacesThatNobodyUsesAreDeletedAfterAMonth(t *testing.T) {
	t.Parallel()
	d, clock := dbtest.New(t), testkit.ClockAt(noon)
	s := appearance.New(d, clock.Now, slog.New(slog.NewTextHandler(t.Output(), nil)))
	add := func(name string) appearance.Font {
		t.Helper()
		f, err := s.AddFont(t.Context(), "text", bytes.NewReader(file(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	left := func(after time.Duration, want int) {
		t.Helper()
		clock.Advance(after)
		if err := s.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := testkit.Count(t, d, "font"); n != want {
			t.Errorf("%d typefaces are left, want %d", n, want)
		}
	}
	plain, variable := add("plain"), add("variable")
	if err := s.Save(t.Context(), editor, 0, appearance.Content{Text: &plain}); err != nil {
		t.Fatal(err)
	}
	left(media.UnusedFor-time.Second, 2)
	if _, err := s.FindFont(t.Context(), "text", variable.Digest); err != nil { // a form that is open
		t.Fatal(err)
	}
	left(media.UnusedFor, 2)
	add("variable")
	left(media.UnusedFor, 2)
	left(time.Second, 1)
	if _, err := s.FindFont(t.Context(), "text", variable.Digest); fault.All(err)[0].Message.Key != "appearance.font_gone" {
		t.Errorf("the one that was not used: %v", err)
	}
	// A page in a cache still loads what was there until now.
	if err := s.Save(t.Context(), editor, 1, appearance.Content{}); err != nil {
		t.Fatal(err)
	}
	left(media.UnusedFor, 1)
	left(time.Second, 0)
}
