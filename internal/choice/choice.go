// Package choice decides which appeal a reader sees on a page, and can say why.
//
// What concerns the article is decided here, from the campaigns in memory (Snapshot.Offer): the answer is the same for
// everybody, so one cached copy serves all. What concerns the reader is decided in the reader's browser by
// templates/static/choose.js, because what is known about the reader stays there. Decide is both in one, for staff who
// ask why an appeal was (not) shown. The cases in testdata/cases.json hold the two languages together.
//
// The package reads no database, knows no person, and draws no page.
package choice
