package mail

import (
	"errors"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"readerfund/internal/backoff"
	"readerfund/internal/text"
)

// tryAgain is how long to wait before retrying a mail that the server refused for now, or whose answer was not seen.
// With mostTries that is about three days, after which other servers give up, too.
var tryAgain = backoff.Backoff{First: time.Minute, Longest: 2 * time.Hour}

const mostTries = 42

// outcome is the result of one attempt to send a mail.
type outcome struct {
	state  State
	answer string // the server's, or why there was none
	code   int    // the server's reply code; 0 where there was none
	lost   bool   // the connection is unusable now
	shut   bool   // the server takes no mail from us now, for any recipient: this does not count as an attempt
}

// judge reads the error of an attempt. If the result is unknown the mail stays queued: sending it twice is better than
// not at all.
//
// RFC 5321, section 4.2.1: a reply of 4yz is "not now", 5yz is "never". A 5yz reply is about this mail only if it
// answers the recipient or the mail itself; the sender is the same for all mails.
func judge(err error) outcome {
	var sending *mail.SendError
	switch {
	case err == nil:
		return outcome{state: Sent}
	case errors.Is(err, errNoAddress), errors.Is(err, errNeedsUTF8):
		return outcome{state: Failed, answer: err.Error()}
	case !errors.As(err, &sending):
		return outcome{state: Queued, answer: err.Error()} // it could not be composed
	}
	o := outcome{state: Queued, code: sending.ErrorCode()}
	o.answer, _, _ = strings.Cut(strings.ReplaceAll(sending.Error(), `\"`, `"`), ", affected ") // net/textproto quotes it
	o.lost = o.code == 0 || o.code == 421
	switch sending.Reason {
	case mail.ErrConnCheck, mail.ErrSMTPMailFrom:
		o.shut = true
	case mail.ErrGetSender, mail.ErrGetRcpts, mail.ErrNoUnencoded:
		o.lost = false // no command was sent yet
	case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose:
		if o.code >= 500 {
			o.state = Failed
		}
	case mail.ErrWriteContent, mail.ErrSMTPReset, mail.ErrAmbiguous: // it is unknown how far it got
	}
	return o
}

// ending is the record of an outcome at a moment.
func (o outcome) ending(q queued, now time.Time, random float64) ending {
	e := ending{ID: q.ID, State: o.state, Answer: short(o.answer)}
	switch {
	case o.state != Queued:
	case q.Tries >= mostTries:
		e.State = Failed
	default:
		due := now.Add(tryAgain.Jittered(q.Tries, random))
		e.Due = &due
	}
	if e.State != Queued {
		e.Closed, e.Secret = &now, kinds[q.Kind].secret
	}
	return e
}

// short shortens an answer to fit a table's cell.
func short(answer string) string {
	line := text.Line(answer)
	if runes := []rune(line); len(runes) > 300 {
		line = string(runes[:300]) + "…"
	}
	return line
}
