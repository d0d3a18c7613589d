package dashboard_test

import (
	"testing"
	"time"

	"readerfund/internal/report"
	"readerfund/internal/report/reporttest"
)

type gift = reporttest.Gift

type book struct {
	*reporttest.Book
	t *testing.T
}

func newBook(t *testing.T) *book {
	t.Helper()
	return &book{Book: reporttest.New(t), t: t}
}

func at(text string) time.Time { return reporttest.At(text) }

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	return reporttest.Zone(t, name)
}

func day(t *testing.T, text string) report.Day {
	t.Helper()
	d, err := report.ParseDay("from", text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
