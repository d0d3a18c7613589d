package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/config"
	"readerfund/internal/db"
)

// historyDays is how far back the newsroom's past gifts reach.
const historyDays = 38

// ending is how a past gift ended.
type ending string

const (
	returned  ending = "returned"  // approved, and the reader came back
	closedTab ending = "closedTab" // approved, and the reader closed the tab: the webhook tells
	pending   ending = "pending"   // PayPal held the money for a day or two
	held      ending = "held"      // PayPal holds it still
	declined  ending = "declined"  // the bank refused
	cancelled ending = "cancelled" // the reader turned back at PayPal
	abandoned ending = "abandoned" // never approved
	partBack  ending = "partBack"  // part of it was refunded
	allBack   ending = "allBack"   // all of it was refunded

	disputeOpen ending = "disputeOpen" // the reader complained, and PayPal waits for an answer
	disputeWon  ending = "disputeWon"  // PayPal decided for the newsroom
	disputeLost ending = "disputeLost" // PayPal decided for the reader, and took a fee
)

// gift is one past gift to be made.
type gift struct {
	at                                 time.Time
	amount, currency, article          string
	variant                            string // of the appeal, where that is the fund drive's
	name, email, given, surname, place string
	message                            string
	ending                             ending

	id string // once it was made
}

// approved reports whether the reader approves it at PayPal.
func (g *gift) approved() bool { return g.ending != cancelled && g.ending != abandoned }

// seed makes the past gifts the way readers make them: over HTTP, through the sandbox, with the clock of the demo moved
// on from batch to batch.
func (d *demo) seed(ctx context.Context, cfg config.Config) error {
	pool, err := db.Open(ctx, string(cfg.DatabaseURL), db.Options{MaxOpen: 2})
	if err != nil {
		return err
	}
	s := &seeder{demo: d, base: cfg.BaseURL, db: pool, http: &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{MaxIdleConnsPerHost: batch},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	from := d.clock.now()
	gifts := history(d.Gifts, from)
	err = s.play(ctx, gifts, sequels(gifts, from.AddDate(0, 0, historyDays).Add(-2*time.Hour)))
	s.http.CloseIdleConnections()
	return errors.Join(err, pool.Close())
}

// batch is how many past gifts are made at once.
const batch = 8

type seeder struct {
	*demo
	base string
	db   *db.DB
	http *http.Client
}

func (s *seeder) play(ctx context.Context, gifts []gift, then []sequel) error {
	if err := answers(ctx, s.base+"/readyz"); err != nil {
		return err
	}
	for done := 0; done < len(gifts); done += batch {
		group := gifts[done:min(done+batch, len(gifts))]
		var err error
		if then, err = s.goOn(ctx, then, group[0].at); err != nil {
			return err
		}
		// Readers click one after the other, each at their own time; what follows goes on side by side. Those still under
		// way see the clock move by less than the three hours that PayPal keeps an order.
		for i := range group {
			s.clock.set(group[i].at)
			if err := s.start(ctx, &group[i]); err != nil {
				return err
			}
		}
		if err := s.forgetOrigins(ctx); err != nil {
			return err
		}
		if err := s.together(ctx, group, s.finish); err != nil {
			return err
		}
		// What came by webhook alone must be in before the clock leaves: an approved order lives three hours.
		if err := s.settled(ctx, group); err != nil {
			return err
		}
		s.progress(done+len(group), len(gifts))
	}
	end := time.Now().Add(-2 * time.Hour)
	if _, err := s.goOn(ctx, then, end); err != nil {
		return err
	}
	s.clock.set(end)
	return s.giveInPayPal(ctx)
}

// forgetOrigins lets what becomes of past gifts count against nobody: they all come from this machine, and two declined
// cards at once would close it to the gifts that follow, or to the demo's next reader (admission.Gate.Weigh).
func (s *seeder) forgetOrigins(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM gift_origin`)
	return err
}

// together does one thing for many gifts, some at a time, and gives the first error.
func (s *seeder) together(ctx context.Context, gifts []gift, do func(context.Context, *gift) error) error {
	var crew sync.WaitGroup
	problems := make([]error, batch)
	for n := range batch {
		crew.Go(func() {
			for i := n; i < len(gifts) && problems[n] == nil; i += batch {
				problems[n] = do(ctx, &gifts[i])
			}
		})
	}
	crew.Wait()
	return errors.Join(problems...)
}

// settled waits until every approved gift of the group has its payment.
func (s *seeder) settled(ctx context.Context, group []gift) error {
	var ids []string
	for i := range group {
		if group[i].approved() {
			ids = append(ids, group[i].id)
		}
	}
	return s.wait(ctx, `SELECT NOT EXISTS (SELECT 1 FROM contribution WHERE id::text = ANY($1) AND state IN ('created', 'approved', 'capture_unknown'))`, db.Array(ids))
}

func (s *seeder) wait(ctx context.Context, question string, args ...any) error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(15 * time.Millisecond) {
		var done bool
		if err := s.db.GetContext(ctx, &done, question, args...); err != nil || done {
			return err
		}
	}
	return errors.New("the past gifts were not recorded within 30 s; start over with `make run RESET=1`")
}

// progress counts on a terminal; elsewhere one line at the end is enough.
func (s *seeder) progress(done, all int) {
	switch info, err := os.Stdout.Stat(); {
	case err == nil && info.Mode()&os.ModeCharDevice != 0:
		fmt.Printf("\rmaking past gifts through the sandbox … %d of %d", done, all)
		if done == all {
			fmt.Println()
		}
	case done == all:
		fmt.Printf("made %d past gifts through the sandbox\n", all)
	}
}

// start is one reader's click.
func (s *seeder) start(ctx context.Context, g *gift) error {
	var started struct {
		ID string `json:"id"`
	}
	asked, variant := campaign.DefaultSlug, ""
	if time.Since(g.at) < driveDays*24*time.Hour && g.article != "" { // then the fund drive is what articles show
		asked, variant = driveSlug, g.variant
	}
	err := s.post(ctx, s.base+"/contributions", map[string]any{
		"campaign": asked, "variant": variant, "format": campaign.FormatInline, "article": g.article,
		"amount": g.amount, "currency": g.currency, "frequency": "once",
		"name": g.name, "message": g.message, "named": g.name != "",
	}, &started)
	if err != nil {
		return fmt.Errorf("make a gift of %s %s: %w", g.amount, g.currency, err)
	}
	g.id = started.ID
	return nil
}

// finish is what the reader does at PayPal, and whether they come back.
func (s *seeder) finish(ctx context.Context, g *gift) error {
	var order string
	if err := s.db.GetContext(ctx, &order, `SELECT order_id FROM contribution WHERE id = $1`, g.id); err != nil {
		return err
	}
	if g.ending == abandoned {
		return nil
	}
	if g.ending == cancelled {
		if err := s.post(ctx, s.keep.PayPalURL+"/sandbox/orders/"+order+"/cancel", map[string]any{}, nil); err != nil {
			return err
		}
		return s.get(ctx, s.base+"/contributions/"+g.id+"/cancel?token="+order)
	}
	outcome := map[ending]string{pending: "pending", held: "pending", declined: "declined_capture"}[g.ending]
	err := s.post(ctx, s.keep.PayPalURL+"/sandbox/orders/"+order+"/approve", map[string]any{
		"outcome": outcome, "payer": map[string]string{
			"email": g.email, "given_name": g.given, "surname": g.surname, "country": g.place,
		},
	}, nil)
	if err != nil || g.ending == closedTab {
		return err
	}
	return s.get(ctx, s.base+"/contributions/"+g.id+"/return?token="+order)
}

func (s *seeder) post(ctx context.Context, address string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return s.send(req, out)
}

func (s *seeder) get(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	return s.send(req, nil)
}

func (s *seeder) send(req *http.Request, out any) error {
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s answers %s: %.300s", req.Method, req.URL.Path, resp.Status, body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}
