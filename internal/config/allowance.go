package config

import (
	"strconv"
	"strings"
)

// Allowance is how many gifts may be begun in ten minutes: Free without a word, Most at all.
type Allowance struct{ Free, Most int64 }

// mostGifts bounds an allowance: more in ten minutes is a slip of the pen.
const mostGifts = 1_000_000

// allowance reads "20/300".
func (p *parser) allowance(setting, value string) Allowance {
	free, most, _ := strings.Cut(value, "/")
	var a Allowance
	var freeErr, mostErr error
	a.Free, freeErr = strconv.ParseInt(strings.TrimSpace(free), 10, 64)
	a.Most, mostErr = strconv.ParseInt(strings.TrimSpace(most), 10, 64)
	if freeErr != nil || mostErr != nil || a.Free < 0 || a.Most < 1 || a.Free > a.Most || a.Most > mostGifts {
		p.problem(setting, "%q is no limit: write how many are free and how many there may be at most, like 20/300.", value)
	}
	return a
}
