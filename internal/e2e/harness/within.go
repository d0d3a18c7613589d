package harness

import (
	"context"
	"log/slog"
	"reflect"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/inbox"
	"readerfund/internal/reconcile"
	"readerfund/internal/testkit"
)

// ServeWithin runs the service in the test's own process, so that it goes by a clock of the test's. All else is as with
// Serve: it listens, and the sandbox delivers to it. It has the demo's article, too.
func (s *Fixture) ServeWithin(now func() time.Time) {
	t := s.T
	t.Helper()
	address := testkit.FreeAddress(t)
	s.BaseURL = "http://" + address
	hook, err := s.PayPal.Client().CreateWebhook(t.Context(), s.BaseURL+"/webhooks/paypal", inbox.EventTypes())
	if err != nil {
		t.Fatal(err)
	}
	s.Settings["BASE_URL"], s.Settings["LISTEN_ADDR"], s.Settings["PAYPAL_WEBHOOK_ID"] = s.BaseURL, address, hook.ID
	parsed := s.config()
	service, err := app.New(t.Context(), parsed, app.Options{
		Log: slog.New(slog.DiscardHandler), Now: now, Migrate: true, DemoArticle: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error("the service:", err)
		}
	})
}

// Reconcile compares everything with PayPal's record, by that clock, and gives what came of it.
func (s *Fixture) Reconcile(now func() time.Time) reconcile.Result {
	s.T.Helper()
	all, err := app.NewReconciliation(s.config(), s.DB, slog.New(slog.DiscardHandler), now)
	if err != nil {
		s.T.Fatal(err)
	}
	defer all.Close()
	found, err := all.Run(s.T.Context(), reconcile.Order{From: now().AddDate(-2, -6, 0)})
	if err != nil {
		s.T.Fatal(err)
	}
	return found
}

func (s *Fixture) config() config.Config {
	s.T.Helper()
	parsed, err := settingsFrom(s.Settings).Parse(config.NeedServe)
	if err != nil {
		s.T.Fatal(err)
	}
	return parsed
}

// settingsFrom are the settings that an environment would give.
func settingsFrom(environment map[string]string) (s config.Settings) {
	v := reflect.ValueOf(&s).Elem()
	for _, field := range reflect.VisibleFields(v.Type()) {
		if text, there := environment[field.Tag.Get("env")]; there {
			v.FieldByIndex(field.Index).SetString(text)
		}
	}
	return s
}
