package sandbox

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// datePattern is a date and time as the documents of the newer v1 APIs want it in a query: with seconds and a zone.
var datePattern = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])[T,t]([0-1][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$`)

// queryReader reads the parameters of a query and gathers what is wrong with them.
type queryReader struct {
	values url.Values
	faults []detail
}

func (q *queryReader) bad(name, issue, description string) {
	q.faults = append(q.faults, detail{name, q.values.Get(name), "query", issue, description})
}

// problem is the answer to what was found, nil if nothing was.
func (q *queryReader) problem() *problem {
	if len(q.faults) == 0 {
		return nil
	}
	return statusProblem(http.StatusBadRequest, q.faults...).plain()
}

// text reads a parameter whose length has bounds; it is empty if it was not given.
func (q *queryReader) text(name string, least, most int) string {
	value, given := q.values.Get(name), q.values.Has(name)
	if given && (len(value) < least || len(value) > most) {
		q.bad(name, "INVALID_STRING_LENGTH", "The value of a field is either too short or too long")
	}
	return value
}

// number reads a whole number within bounds.
func (q *queryReader) number(name string, otherwise, least, most int) int {
	if !q.values.Has(name) {
		return otherwise
	}
	n, err := strconv.Atoi(q.values.Get(name))
	if err != nil || n < least || n > most {
		q.bad(name, "INVALID_PARAMETER_VALUE", "It has to be a whole number from "+strconv.Itoa(least)+" to "+
			strconv.Itoa(most)+".")
		return otherwise
	}
	return n
}

// moment reads a date and time; it is zero if it was not given.
func (q *queryReader) moment(name string, required bool) time.Time {
	value := q.values.Get(name)
	if value == "" && !q.values.Has(name) {
		if required {
			q.bad(name, "MISSING_REQUIRED_PARAMETER", "A required field / parameter is missing.")
		}
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, strings.ToUpper(value))
	if err != nil || !datePattern.MatchString(value) {
		q.bad(name, "INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format.")
	}
	return t.UTC()
}
