package catcher

import (
	"io"
	"time"

	"github.com/emersion/go-smtp"
)

// Stage is a moment in a mail's delivery.
type Stage string

// The stages. A mail that fails after Data is kept all the same.
const (
	AtMail    Stage = "mail"       // the sender was named
	AtRcpt    Stage = "rcpt"       // the recipient was named
	AtData    Stage = "data"       // the mail has arrived, and is not kept yet
	AfterData Stage = "after data" // the mail is kept, and the sender does not know it yet
)

// Fault says how mails fail from now on. The zero Fault is none.
type Fault struct {
	At    Stage         `json:"at"`
	Code  int           `json:"code"`  // the answer: 451, 550; 421 also ends the connection. 0 with Cut or Slow
	Cut   bool          `json:"cut"`   // the connection ends without an answer
	Slow  time.Duration `json:"slow"`  // this long before the answer, in nanoseconds
	Times int           `json:"times"` // how many mails; 0: all
}

// Fail makes mails fail from now on.
func (c *Catcher) Fail(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault, c.cases = f, 0
}

// Failed is how many mails the latest fault was applied to.
func (c *Catcher) Failed() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cases
}

// due returns the fault for a mail at a stage, if there is one.
func (c *Catcher) due(at Stage) (Fault, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault.At != at || c.fault.Times > 0 && c.cases >= c.fault.Times {
		return Fault{}, false
	}
	c.cases++
	return c.fault, true
}

// fail answers as the fault says, if one is due.
func (s *session) fail(at Stage) error {
	f, due := s.catcher.due(at)
	if !due {
		return nil
	}
	time.Sleep(f.Slow)
	switch {
	case f.Cut:
		_ = s.conn.Conn().Close()
		return errCut
	case f.Code == 421: // which a server says before it hangs up
		_, _ = io.WriteString(s.conn.Conn(), "421 4.3.2 <"+s.naming+">: closing transmission channel\r\n")
		_ = s.conn.Conn().Close()
		return errCut
	case f.Code != 0: // with the recipient's address, as real servers write it
		return &smtp.SMTPError{
			Code: f.Code, EnhancedCode: smtp.EnhancedCode{f.Code / 100, 1, 1}, Message: "<" + s.naming + ">: as asked for",
		}
	}
	return nil
}
