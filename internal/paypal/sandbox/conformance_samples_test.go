package sandbox_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// samples are the shapes of subscriptions and of their events, as people have published them.
func samples(t *testing.T, dir string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "subscription-event-samples.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Samples []struct {
			Name string `json:"name"`
			Body any    `json:"body"`
		} `json:"samples"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]any{}
	for _, s := range all.Samples {
		found[s.Name] = s.Body
	}
	return found
}

// driveSamples leads subscriptions through what was published, and holds the emulator's answers and events to it.
func driveSamples(t *testing.T, s *stage) {
	all, plan := samples(t, s.in.docs.dir), s.plan(s.product(), "")
	alike := func(name string, got any) {
		t.Helper()
		if all[name] == nil {
			t.Fatal("there is no sample ", name)
		}
		c := &comparison{}
		c.value("", all[name], got)
		for _, fault := range c.faults {
			s.in.complain("sample "+name, "recording", fault)
		}
		s.in.noteSample(name, c)
	}
	event := func(name, kind, id string) {
		t.Helper()
		query := "?event_type=BILLING.SUBSCRIPTION." + kind + "&transaction_id=" + id
		got := s.ok(200, "GET", "/v1/notifications/webhooks-events"+query, "")
		if events, _ := got.body.(map[string]any)["events"].([]any); len(events) > 0 {
			alike(name, events[0])
		} else {
			t.Errorf("no event %s of %s", kind, id)
		}
	}
	begin := func(action string) string {
		body := fmt.Sprintf(`{"plan_id":%q,"custom_id":"plg_000001","application_context":{
			"shipping_preference":"NO_SHIPPING","user_action":%q,"return_url":"https://news.example/a","cancel_url":"https://news.example/b"},%s}`, plan, action,
			fmt.Sprintf(theOverride, 1))
		id := s.ok(201, "POST", subscriptionsPath, body).get("id")
		event("created", "CREATED", id)
		s.hook("subscriptions/"+id+"/approve",
			`{"payer":{"email":"reader@example.com","given_name":"Ada","surname":"Example"}}`)
		return id
	}
	waiting := begin("CONTINUE")
	alike("get_approved", s.ok(200, "GET", subscriptionsPath+"/"+waiting, "").body)

	id := begin("SUBSCRIBE_NOW")
	alike("get_active", s.ok(200, "GET", subscriptionsPath+"/"+id, "").body)
	event("activated_with_first_payment", "ACTIVATED", id)
	s.hook("subscriptions/"+id+"/cancel", "")
	event("cancelled_by_payer", "CANCELLED", id)

	stopped := begin("SUBSCRIBE_NOW")
	s.ok(204, "POST", subscriptionsPath+"/"+stopped+"/cancel", `{"reason":"cancelled by reader"}`)
	event("cancelled_by_merchant", "CANCELLED", stopped)

	s.hook("billing", `{"first_sale":"1h"}`)
	late := begin("SUBSCRIBE_NOW")
	event("activated_before_first_payment", "ACTIVATED", late)
}

// noteSample has the report name a sample among what was recorded.
func (in *inspector) noteSample(name string, c *comparison) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, r := range in.recordings {
		if r.name == "sample "+name {
			return
		}
	}
	in.recordings = append(in.recordings, recordingResult{"sample " + name, c.members, nil, nil})
}
