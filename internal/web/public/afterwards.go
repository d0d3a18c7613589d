package public

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// afterwards is what the thanks page says and offers once a gift is made.
type afterwards struct {
	Headline string
	Given    bool              // the money is in, or comes by itself
	Texts    campaign.Texts    // of the campaign, in the page's language
	Foreign  *site.Foreign     // the language of the signature, where that is not the page's
	Portrait *campaign.Picture // beside the signature
	Step     *step             // the one next step; nil where there is none
	Share    *share
	Say      *sayForm // a message to the newsroom; nil where none can be sent from here
}

// step is the one thing that the thanks page asks for. Kind is a campaign's Next.Kind, never empty.
type step struct{ Kind, Label, Address string }

// sayForm is the form for a message after the gift, or the message that was sent.
type sayForm struct {
	page.FormErrors

	Act   string // where it is posted to
	Typed string
	Said  string // the message, once it has arrived
}

// follow puts in what comes after a gift. It is called last, when all is known of it.
func (s *Thanks) follow(r *http.Request, t *thanksPage) {
	loc := s.Pages.Localizer(r)
	t.Headline = loc.Say("public.headline." + string(t.Shown))
	t.Given = t.Shown == contribution.OutcomeReceived || t.Shown == contribution.OutcomeScheduled
	if t.Own {
		t.Back = backWith(t.Back, t.Shown, t.Campaign)
	}
	if !t.Given {
		return
	}
	var next campaign.Next
	if k := s.campaignOf(r.Context(), t.Contribution); k != nil {
		content := k.As(t.Source.Variant)
		t.Texts, t.Portrait = textsIn(k, &content, loc.Tag()), content.Portrait
		t.Foreign, next = site.ForeignOn(&content, loc.Tag()), content.Next
	}
	t.Step = stepOf(next, t.Texts.NextLabel, t.Question != nil)
	if t.Step.Kind == campaign.NextShare {
		t.Share = newShare(s.Layout, r, t.Contribution)
	}
	if t.Own && t.Shown == contribution.OutcomeReceived && t.Say == nil {
		t.Say = &sayForm{Act: sayAddress(t.Contribution), Said: t.LaterMessage}
	}
}

// backWith is the way back to the article, which tells the appeal there what became of the reader's way to PayPal:
// after a gift it does not ask for a long time, and after none it may. What is not decided yet is not told.
func backWith(article string, became contribution.Outcome, campaign string) string {
	if article == "" {
		return ""
	}
	switch became {
	case contribution.OutcomeReceived, contribution.OutcomeScheduled:
		return article + "#readerfund-given=" + campaign
	case contribution.OutcomeCancelled, contribution.OutcomeDeclined, contribution.OutcomeExpired,
		contribution.OutcomeFailed:
		return article + "#readerfund-not-given=" + campaign
	default:
		return article
	}
}

// campaignOf is the campaign that was given to; nil where it cannot be read, for the page needs none.
func (s *Thanks) campaignOf(ctx context.Context, c contribution.Contribution) *campaign.Entry {
	k, err := s.campaigns.Find(ctx, c.Campaign)
	if err != nil {
		s.Log.WarnContext(ctx, "the thanks page is without its campaign's words", "request", page.RequestID(ctx),
			"contribution", c.ID, "error", err)
		return nil
	}
	return k
}

// textsIn are the campaign's words in the page's language. A thank-you and a link's text that it has in its own only
// are left out: ours are there in every language. The signature is shown all the same.
func textsIn(k *campaign.Entry, content *campaign.Content, tag language.Tag) campaign.Texts {
	texts := content.In(tag)
	if base, _ := tag.Base(); base.String() != content.Language {
		translated := content.Texts[base.String()]
		texts.Thanks, texts.NextLabel = translated.Thanks, translated.NextLabel
	}
	return texts.Fill(k.Facts, content.LanguageFor(tag))
}

// stepOf is the one next step: the one that staff chose. Where they chose none, or the question whether to make it
// monthly, which is asked once and of some gifts only, it is that question, or else to share.
func stepOf(next campaign.Next, label string, asked bool) *step {
	switch kind := cmp.Or(next.Kind, campaign.NextMonthly); {
	case kind == campaign.NextMonthly && asked:
		return &step{Kind: campaign.NextMonthly}
	case (kind == campaign.NextRead || kind == campaign.NextNewsletter) && next.Address != "":
		return &step{Kind: kind, Label: label, Address: next.Address}
	default:
		return &step{Kind: campaign.NextShare}
	}
}

// Say takes a message to the newsroom after a gift.
type Say struct {
	site.Layout

	contributions *contribution.Service
	cookies       *gift.Cookies
	thanks        *Thanks
}

func sayAddress(c contribution.Contribution) string {
	return "/contributions/" + c.ID.String() + "/message"
}

// Submit answers POST /contributions/{id}/message, from the browser that made the gift.
func (s *Say) Submit(w http.ResponseWriter, r *http.Request) error {
	id, err := page.PathID(r)
	if err != nil || !s.cookies.Owns(r, id) {
		return errNotYours()
	}
	form, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	typed := form.Get("later_message")
	failure := s.contributions.LeaveMessage(r.Context(), id, typed)
	if failure == nil {
		page.Redirect(w, s.Pages.To(r, s.ThanksAddress(id)+"#say"))
		return nil
	}
	if !fault.Is(failure, fault.Invalid) {
		return failure
	}
	c, err := s.contributions.Get(r.Context(), id)
	if err != nil {
		return errors.Join(err, failure)
	}
	r = page.InLanguage(r, c.Locale)
	t := s.thanks.page(r, c)
	if err := s.thanks.readSubscription(r, &t); err != nil {
		return err
	}
	t.Say = &sayForm{Act: sayAddress(c), Typed: field.Normalised(typed)}
	t.Say.Put(s.Pages.Localizer(r), failure, "later_message")
	return s.thanks.render(w, r, http.StatusUnprocessableEntity, &t)
}
