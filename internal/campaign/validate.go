package campaign

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/campaign/claim"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/money"
)

// Options say how strictly a campaign is looked at. Limit may be nil.
type Options struct {
	Complete bool           // it is to be shown to readers: nothing may be missing
	Zone     *time.Location // the publication's
	Limit    func(money.Currency) (least, most int64)
}

// The kinds of goals.
const (
	GoalAmount     = "amount"
	GoalSupporters = "supporters"
)

var (
	slugForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	// reserved are the words that stand where a slug does in addresses: /staff/campaigns/new, /embed/counts.
	reserved = []string{"new", "why", "choice", "choose.js", "counts", "kept"}
)

// Validate reports all that is wrong with a campaign at once: each a fault.Invalid on its field, such as
// "texts.de.heading", "suggested.EUR" or "variants.1.weight".
func Validate(k Campaign, o Options) error {
	c := &checker{k: &k, Options: o}
	c.names()
	c.times()
	c.languages()
	c.amounts()
	c.goal()
	c.pictures()
	c.next()
	c.showing()
	c.variants()
	return errors.Join(c.problems...)
}

// checker collects what is wrong with a campaign.
type checker struct {
	Options

	k        *Campaign
	problems []error
}

func (c *checker) add(err error) {
	if err != nil {
		c.problems = append(c.problems, err)
	}
}

func (c *checker) names() {
	switch k := c.k; {
	case slices.Contains(reserved, k.Slug):
		c.add(fault.Input("slug", "campaign.slug_reserved"))
	case k.Slug == "" && k.Name == "": // it is made of the name, which is missing
	case !slugForm.MatchString(k.Slug):
		c.add(fault.Input("slug", "campaign.slug_malformed"))
	}
	if c.k.Name == "" {
		c.add(fault.Input("name", "campaign.name_missing"))
	}
	c.plain("name", c.k.Name, longestName, false)
}

func (c *checker) times() {
	k := c.k
	if !k.EndsAt.IsZero() && !k.EndsAt.After(k.StartsAt) {
		c.add(fault.Input("ends_at", "campaign.ends_before_start"))
	}
	if k.FundDrive && k.EndsAt.IsZero() {
		c.add(fault.Input("ends_at", "campaign.fund_drive_endless"))
	}
}

// languages looks at all texts.
func (c *checker) languages() {
	if _, err := language.Parse(c.k.Language); err != nil {
		c.add(fault.Input("language", "campaign.language_unknown"))
	} else if _, there := c.k.Texts[c.k.Language]; !there {
		c.add(fault.Input("language", "campaign.language_without_texts"))
	}
	for _, lang := range c.k.Languages() {
		at := "texts." + lang
		if tag, err := language.Parse(lang); err != nil || tag.String() != lang {
			c.add(fault.Input(at, "campaign.language_unknown"))
			continue
		}
		c.texts(at, c.k.Texts[lang], lang)
		if c.Complete {
			c.complete(at, c.k.Texts[lang])
		}
	}
}

// texts looks at each text by itself.
func (c *checker) texts(at string, t Texts, lang string) {
	for _, f := range textFields {
		c.text(at+"."+f.name, *f.of(&t), f.longest, f.lines, lang)
	}
	if len(t.Does) > mostDoes {
		c.add(fault.Input(at+".does", "campaign.does_too_many", fault.Args{"most": mostDoes}))
	}
	for n, d := range t.Does {
		row := at + ".does." + strconv.Itoa(n)
		if d.Minor <= 0 {
			c.add(fault.Input(row+".minor", "campaign.amount_missing"))
		}
		if d.Text == "" {
			c.add(fault.Input(row+".text", "campaign.text_missing"))
		}
		c.text(row+".text", d.Text, longestDoes, false, lang)
	}
}

func (c *checker) text(at, written string, longest int, lines bool, lang string) {
	if c.plain(at, written, longest, lines) {
		c.placeholders(at, written, lang)
		c.claims(at, written, lang)
	}
}

// claims refuses figures that were typed where a placeholder knows them, one of each kind.
func (c *checker) claims(at, written, lang string) {
	k := claim.Known{EndsAt: c.k.EndsAt, SavedAt: c.k.UpdatedAt, Zone: c.Zone}
	switch goal := c.k.Goal; {
	case goal == nil:
	case goal.Kind == GoalAmount:
		k.Goal = money.New(goal.Minor, goal.Currency)
	case goal.Kind == GoalSupporters:
		k.Supporters = goal.Count
	}
	for _, f := range claim.Find(sentences(placeholder.ReplaceAllString(written, " … ")), lang, k) {
		c.add(fault.Input(at, "campaign.typed_"+f.Kind, fault.Args{"found": f.Quote}))
	}
}

// plain refuses a text that is too long, or no plain text.
func (c *checker) plain(at, written string, longest int, lines bool) bool {
	check := field.Line
	if lines {
		check = field.Text
	}
	err := check(at, written, longest)
	if err == nil && markup.MatchString(written) {
		err = fault.Input(at, "campaign.markup")
	}
	c.add(err)
	return err == nil
}

// markup is what a browser would take for HTML, or for a character's name.
var markup = regexp.MustCompile(`<[A-Za-z/!?]|&(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#[xX][0-9A-Fa-f]+);`)

// placeholders refuses those that do not exist, those whose figure the campaign does not have, and plural forms that do
// not fit the language.
func (c *checker) placeholders(at, written, lang string) {
	for _, m := range placeholder.FindAllStringSubmatch(written, -1) {
		name := m[1]
		switch {
		case !slices.Contains(Placeholders(), name):
			c.add(fault.Input(at, "campaign.placeholder_unknown", fault.Args{"name": name}))
		case (name == placeGoal || name == placePercent) && c.k.Goal == nil:
			c.add(fault.Input(at, "campaign.placeholder_without_goal", fault.Args{"name": name}))
		case (name == placeDaysLeft || name == placeEnds) && c.k.EndsAt.IsZero():
			c.add(fault.Input(at, "campaign.placeholder_without_end", fault.Args{"name": name}))
		case m[2] != "":
			c.forms(at, name, m[2], lang)
		}
	}
}

// forms looks at the plural forms of a placeholder: as many as the language has for whole numbers.
func (c *checker) forms(at, name, forms, lang string) {
	counts := name == placeSupporters || name == placeGaveToday || name == placeDaysLeft ||
		name == placeGoal && c.k.Goal.Kind == GoalSupporters
	if !counts {
		c.add(fault.Input(at, "campaign.placeholder_forms", fault.Args{"name": name}))
		return
	}
	tag, err := language.Parse(lang)
	if err != nil {
		return // said already
	}
	want := len(pluralForms(tag))
	if got := strings.Count(forms, "|") + 1; got != want {
		c.add(fault.Input(at, "campaign.placeholder_plurals", fault.Args{
			"name": name, "language": lang, "want": want, "got": got,
		}))
	}
}

// silent refuses a text that is left out whole on a day on which nobody gave yet: an appeal without heading.
func (c *checker) silent(at string, t Texts) {
	quiet := t.Fill(Facts{Known: true, Goal: money.New(1, c.k.counted()), DaysLeft: 1, Ends: "2000-01-01"}, c.k.tag())
	for _, f := range textFields {
		if f.required && strings.Contains(*f.of(&t), "{"+placeGaveToday) && *f.of(&quiet) == "" {
			c.add(fault.Input(at+"."+f.name, "campaign.only_today"))
		}
	}
}

// complete refuses a language in which something is missing that readers see: what every campaign needs, and what the
// campaign's own language has.
func (c *checker) complete(at string, t Texts) {
	own := c.k.Texts[c.k.Language]
	for _, f := range textFields {
		needed := f.required || *f.of(&own) != "" || f.name == "portrait_alt" && c.k.Portrait != nil ||
			f.name == "picture_alt" && c.k.Picture != nil || f.name == "next_label" && c.k.Next.Address != ""
		if needed && *f.of(&t) == "" {
			c.add(fault.Input(at+"."+f.name, "campaign.text_missing"))
		}
	}
	c.silent(at, t)
	same := func(a, b Does) bool { return a.Minor == b.Minor }
	if !slices.EqualFunc(t.Does, own.Does, same) {
		c.add(fault.Input(at+".does", "campaign.does_differ", fault.Args{"language": c.k.Language}))
	}
}
