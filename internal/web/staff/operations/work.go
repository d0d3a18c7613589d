package operations

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/queue"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Work is the queue and the backlogs beside it, and what staff do about jobs that fail.
type Work struct {
	screen.Layout

	views *dashboard.Views
	queue *queue.Queue
}

// workPage is the state of the background jobs.
type workPage struct {
	Notice   *page.Flash
	Backlogs []backlogLine
	Periodic []jobLine
	Running  []jobLine
	Failing  []jobLine
	Dead     []jobLine
	Wrong    string // why the reason in the submitted form was rejected
}

// backlogLine is the backlog of one kind of work.
type backlogLine struct {
	dashboard.Backlog
	Name  string // the kind, in words
	Since screen.Stamp
	Page  string // the page that shows its rows, if there is one
}

// Counted reports whether the number of running jobs is known.
func (l backlogLine) Counted() bool {
	return l.Kind != dashboard.WebhookEvents && l.Kind != dashboard.Checkouts
}

// jobLine is one job in a list.
type jobLine struct {
	dashboard.Job
	Name   string // the kind, in words
	Amount string // of a refund

	Due, FailingFrom, Dead, Created, Started, Succeeded screen.Stamp

	State    words.Status // of periodic work
	Process  string       // host and process
	Refused  bool         // the rejected form was about this job
	Rejected string       // the reason that was typed
}

// ID is the prefix of the ids of the line's controls.
func (l jobLine) ID() string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, l.Kind+"-"+l.Key)
}

// Show answers GET /staff/work.
func (s *Work) Show(w http.ResponseWriter, r *http.Request) error {
	p, err := s.read(r)
	if err != nil {
		return err
	}
	switch r.URL.Query().Get("did") {
	case "retry":
		p.Notice = page.Pending(s.Pages.Localizer(r), "staff.retrying")
	case "discard":
		p.Notice = page.Good(s.Pages.Localizer(r), "staff.discarded")
	}
	return s.Render(w, r, http.StatusOK, "staff/work.html", i18n.New("staff.title.work"), "work", p)
}

func (s *Work) read(r *http.Request) (*workPage, error) {
	work, err := s.views.Work(r.Context(), s.Now())
	if err != nil {
		return nil, err
	}
	p, loc := &workPage{}, s.Pages.Localizer(r)
	for _, b := range work.Backlogs {
		line := backlogLine{Backlog: b, Name: workInWords(loc, b.Kind), Since: s.Stamp(b.Since)}
		if b.Kind == dashboard.WebhookEvents {
			line.Page = "/staff/inbox"
		}
		p.Backlogs = append(p.Backlogs, line)
	}
	for _, list := range []struct {
		into *[]jobLine
		from []dashboard.Job
	}{{&p.Periodic, work.Periodic}, {&p.Running, work.Running}, {&p.Failing, work.Failing}, {&p.Dead, work.Dead}} {
		for _, j := range list.from {
			*list.into = append(*list.into, s.jobLine(loc, j))
		}
	}
	slices.SortStableFunc(p.Periodic, func(a, b jobLine) int { return strings.Compare(a.Name, b.Name) })
	return p, nil
}

// workInWords names a kind of work. The queue's own names are codes, which metrics, logs and the audit log use.
func workInWords(loc i18n.Localizer, kind string) string {
	name, known := loc.Lookup("queue.kind." + strings.ReplaceAll(kind, " ", "_"))
	if !known {
		return kind
	}
	return name
}

// scheduleInWords translates the queue's description of a plan for people: "every 1h0m0s" is "every hour".
func scheduleInWords(loc i18n.Localizer, plan string) string {
	every, found := strings.CutPrefix(plan, "every ")
	d, err := time.ParseDuration(every)
	if !found || err != nil {
		return plan
	}
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := d / unit.length; n > 0 && d%unit.length == 0 {
			return loc.Say("queue.every."+unit.name, i18n.Args{"count": int(n)})
		}
	}
	return plan
}

func (s *Work) jobLine(loc i18n.Localizer, j dashboard.Job) jobLine {
	line := jobLine{
		Job: j, Name: workInWords(loc, j.Kind), Due: s.Stamp(j.Due), FailingFrom: s.Stamp(j.FailingFrom),
		Dead: s.Stamp(j.Dead), Created: s.Stamp(j.Created), Started: s.Stamp(j.Started),
		Succeeded: s.Stamp(j.Succeeded), Process: j.Holder,
	}
	if j.Refund != nil {
		line.Amount = money.Format(j.Refund.Amount, loc.Tag())
	}
	line.Plan = scheduleInWords(loc, j.Plan)
	if i := strings.LastIndexByte(j.Holder, '/'); i > 0 {
		line.Process = j.Holder[:i]
	}
	switch {
	case j.Running:
		line.State = words.Status{Label: loc.Say("queue.state.running"), Tone: "wait"}
	case j.Failures > 0:
		line.State = words.Status{Label: loc.Say("queue.state.failing"), Tone: "bad"}
	case !j.Due.After(s.Now()):
		line.State = words.Status{Label: loc.Say("queue.state.due"), Tone: "wait"}
	case j.Succeeded.IsZero():
		line.State = words.Status{Label: loc.Say("queue.state.not_run_yet"), Tone: "off"}
	default:
		line.State = words.Status{Label: loc.Say("queue.state.ok"), Tone: "good"}
	}
	return line
}

// Retry answers POST /staff/work/retry.
func (s *Work) Retry(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	by := queue.By(screen.Actor(r))
	if err := s.queue.Retry(r.Context(), v.Get("kind"), v.Get("key"), by); err != nil {
		return s.refuse(w, r, err, "", "", "")
	}
	page.Redirect(w, screen.WorkAddress+"?did=retry")
	return nil
}

// Discard answers POST /staff/work/discard.
func (s *Work) Discard(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	by := queue.By(screen.Actor(r))
	kind, key, reason := v.Get("kind"), v.Get("key"), v.Get("reason")
	if err := s.queue.Discard(r.Context(), kind, key, reason, by); err != nil {
		return s.refuse(w, r, err, kind, key, reason)
	}
	page.Redirect(w, screen.WorkAddress+"?did=discard")
	return nil
}

// refuse shows the page again with why an action was refused: next to the reason, if that is what was wrong.
func (s *Work) refuse(w http.ResponseWriter, r *http.Request, refusal error, kind, key, reason string) error {
	if k := fault.KindOf(refusal); k != fault.Invalid && k != fault.Conflict {
		return refusal
	}
	p, err := s.read(r)
	if err != nil {
		return err
	}
	loc := s.Pages.Localizer(r)
	say := page.ProblemOf(loc, refusal)
	p.Notice = &page.Flash{Tone: "bad", Title: loc.Say("staff.nothing_changed"), Text: say.Detail}
	for i, j := range p.Dead {
		if fault.Is(refusal, fault.Invalid) && j.Kind == kind && j.Key == key {
			p.Dead[i].Refused, p.Dead[i].Rejected, p.Wrong, p.Notice = true, reason, say.Detail, nil
		}
	}
	return s.Render(w, r, say.Status, "staff/work.html", i18n.New("staff.title.work"), "work", p)
}
