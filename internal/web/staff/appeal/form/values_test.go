package form

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// whole is a campaign in which no field is empty. A field that the form does not have is lost on the way through it,
// and the test says so; so new fields are filled in by their kind.
func whole(t *testing.T) campaign.Campaign {
	t.Helper()
	k := campaign.Campaign{Slug: "winter", FundDrive: true,
		StartsAt: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC), EndsAt: time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)}
	fill(t, reflect.ValueOf(&k.Content).Elem(), "content")
	k.Goal.Currency, k.Goal.Kind, k.Goal.Count = "EUR", "amount", 0
	k.Portrait, k.Picture = &campaign.Picture{Digest: "d1"}, &campaign.Picture{Digest: "d2"}
	return k
}

// fill puts something into every field. Keys of maps are what they are in a campaign.
func fill(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	switch v.Interface().(type) {
	case money.Currency:
		v.SetString("EUR")
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 12, 5, 17, 30, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("A text of " + name)
		if name == "Language" {
			v.SetString("de")
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(1250)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), name)
	case reflect.Struct:
		for n := range v.NumField() {
			fill(t, v.Field(n), v.Type().Field(n).Name)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for n := range v.Len() {
			fill(t, v.Index(n), name)
		}
	case reflect.Map:
		keys := map[string][]string{"Texts": {"de", "ar"}, "Chosen": {"once", "month", "year"}}[name]
		if v.Type().Key() == reflect.TypeFor[money.Currency]() || len(keys) == 0 {
			keys = []string{"EUR", "JPY"}
		}
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range keys {
			value := reflect.New(v.Type().Elem()).Elem()
			fill(t, value, name)
			v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), value)
		}
	default:
		t.Fatalf("%s: the form has no way to write a %s", name, v.Type())
	}
}

func TestNothingIsLostOnTheWayThroughTheForm(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	supporters := whole(t)
	supporters.Goal = &campaign.Goal{Kind: "supporters", Count: 500}
	bare := campaign.Campaign{Slug: "bare", Content: campaign.Content{
		Language: "en", Texts: map[string]campaign.Texts{"en": {}}, Currency: "EUR",
		Suggested: map[money.Currency][]int64{"EUR": {500, 1050}},
	}}
	for _, k := range []campaign.Campaign{whole(t), supporters, bare} {
		v, err := url.ParseQuery(Values(k, zone).Encode()) // as it comes back from a browser
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(v, zone)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, k) {
			was, _ := json.MarshalIndent(k, "", " ")
			is, _ := json.MarshalIndent(got, "", " ")
			t.Errorf("%s is not what it was:\n%s", k.Slug, difference(string(was), string(is)))
		}
	}
}

func difference(was, is string) string {
	before, after := strings.Split(was, "\n"), strings.Split(is, "\n")
	var all []string
	for _, line := range before {
		if !slices.Contains(after, line) {
			all = append(all, "- "+line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			all = append(all, "+ "+line)
		}
	}
	return strings.Join(all, "\n")
}

func TestTimesAreThePublications(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	k, err := Read(url.Values{"starts_at": {"2026-12-01T09:00"}, "ends_at": {"2026-07-01T00:00"}}, zone)
	if err != nil || k.StartsAt.Format(time.RFC3339) != "2026-12-01T08:00:00Z" ||
		k.EndsAt.Format(time.RFC3339) != "2026-06-30T22:00:00Z" {
		t.Errorf("%s to %s, %v", k.StartsAt, k.EndsAt, err)
	}
}

func TestWhatPeopleTypeIsRead(t *testing.T) {
	t.Parallel()
	k, err := Read(url.Values{
		"currency": {"EUR"}, "offered": {"EUR", "USD", "EUR"}, "lang": {"en"},
		"suggested.EUR": {" 5,  10;25,50 €100 "}, "rules.0.kind": {"section"},
		"rules.0.values":       {"Politics, ,Local\r\nCulture"},
		"texts.en.does.0.text": {""}, "texts.en.does.0.minor": {""}, "texts.en.does.1.minor": {"10"},
		"texts.en.does.1.text": {" pays for an hour "}, "texts.en.why": {" one\r\ntwo "},
	}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	en := k.Texts["en"]
	if !slices.Equal(k.Suggested["EUR"], []int64{500, 1000, 2550, 10000}) || !slices.Equal(k.Rules[0].Values, []string{"Politics", "Local", "Culture"}) || en.Why != "one\ntwo" ||
		!slices.Equal(en.Does, []campaign.Does{{Minor: 1000, Text: "pays for an hour"}}) || len(k.Suggested) != 2 {
		t.Errorf("read %+v", k)
	}
}

func TestWhatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	_, err := Read(url.Values{
		"currency": {"EUR"}, "offered": {"EUR", "HUF"}, "lang": {"en"}, "suggested.EUR": {"5 ten"},
		"suggested.HUF": {"500.50"},
		"minimum.EUR":   {"$1"}, "holdout": {"5%"}, "variants.0.weight": {"half"}, "starts_at": {"tomorrow"},
		"goal.kind": {"amount"}, "goal.currency": {"EUR"}, "goal.minor": {"a lot"}, "caps.per_day": {"1.5"},
		"texts.en.does.0.text": {"x"}, "texts.en.does.0.minor": {"x"},
	}, time.UTC)
	var fields []string
	for _, f := range fault.All(err) {
		fields = append(fields, f.Field)
	}
	slices.Sort(fields)
	want := []string{"caps.per_day", "goal.minor", "holdout", "minimum.EUR", "starts_at", "suggested.EUR", "suggested.HUF",
		"texts.en.does.0.minor", "variants.0.weight"}
	if !slices.Equal(fields, want) {
		t.Errorf("named %v, want %v", fields, want)
	}
}

func TestRowsAreTakenOut(t *testing.T) {
	t.Parallel()
	v := url.Values{"rules.0.kind": {"a"}, "rules.1.kind": {"b"}, "rules.1.not": {"yes"}, "rules.2.kind": {"c"},
		"rules.10.kind": {"d"}, "variants.1.name": {"x"}}
	dropRow(v, "rules", 1)
	want := url.Values{"rules.0.kind": {"a"}, "rules.1.kind": {"c"}, "rules.9.kind": {"d"}, "variants.1.name": {"x"}}
	if !reflect.DeepEqual(v, want) {
		t.Errorf("%v", v)
	}
}
