package report_test

import (
	"testing"
	"time"

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
