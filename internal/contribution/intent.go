package contribution

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/money"
	"readerfund/internal/text"
)

// Intent is what a reader sends, as text: the fields of POST /contributions. Locale is the language of the page as a
// BCP 47 tag, for PayPal's pages and for what follows, or empty. Written reports whether a person, not a program, wrote
// the amount.
//
// Readers cannot send Follows and FirstChargeAt. They belong to a monthly gift that follows a one-time one and begins
// later. Its key is made from the one-time gift's id, so no reader can take it, and however often it is sent, there
// is only one.
type Intent struct {
	Campaign, Amount, Currency, Frequency, Article string
	Name, Email, Message                           string
	Naming                                         Naming
	CoverFee                                       bool
	Tribute                                        Tribute
	Written                                        bool
	Source                                         Source
	IdempotencyKey                                 string
	Locale                                         string
	Follows                                        uuid.UUID
	FirstChargeAt                                  time.Time
}

// intent is an Intent that was read and validated.
type intent struct {
	campaign             campaign.Campaign
	amount               money.Amount
	frequency            Frequency
	article              string
	name, email, message string
	naming               Naming
	coverFee             bool
	covered              int64 // the part of the amount that covers the fee
	tribute              Tribute
	locale               string
	source               Source
	key                  sql.NullString
	digest               []byte
	firstChargeAt        time.Time
}

// FollowsKey is the key of the monthly gift that follows a one-time gift. Readers' keys are ASCII and cannot equal
// it.
func FollowsKey(gift uuid.UUID) string { return "§follows:" + gift.String() }

// Longest texts a reader may send, in characters. They leave room for every real name and a few friendly paragraphs.
const (
	longestName    = 120
	longestEmail   = 254 // RFC 5321, section 4.5.3.1: the longest address that can be delivered to
	longestMessage = 1000
	longestArticle = 2000
)

// read checks every field and reports all errors at once.
func (s *Service) read(ctx context.Context, in Intent) (intent, error) {
	out := intent{
		name: strings.TrimSpace(text.Visible(in.Name)), email: bareEmail(in.Email), message: field.Normalised(in.Message),
		naming: in.Naming, coverFee: in.CoverFee, frequency: Frequency(in.Frequency), source: in.Source.Cleaned(),
		tribute: in.Tribute.cleaned(), locale: in.Locale,
	}
	var articleErr, err error
	out.article, articleErr = Article(in.Article)
	out.campaign, err = s.campaigns.BySlug(ctx, in.Campaign)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return intent{}, err
	}
	var problems []error
	if err != nil {
		problems = append(problems, &fault.Error{
			Kind: fault.Invalid, Field: "campaign", Message: fault.All(err)[0].Message,
		})
	} else {
		gift, amountErr := s.readAmount(in, out.campaign)
		if amountErr == nil && out.coverFee {
			out.covered, amountErr = s.cover(gift)
		}
		out.amount = money.New(gift.Minor+out.covered, gift.Currency)
		problems = append(problems, amountErr)
	}
	if out.frequency != Once && !out.frequency.Recurs() {
		problems = append(problems, fault.Input("frequency", "contribution.frequency_unknown"))
	}
	problems = append(problems,
		field.Line("name", out.name, longestName), field.Text("message", out.message, longestMessage),
		field.Line("tribute_name", out.tribute.Name, longestName),
		checkEmail(out.email), articleErr, field.Key(in.IdempotencyKey))
	if err := errors.Join(problems...); err != nil {
		return intent{}, err
	}
	out.key = sql.NullString{String: in.IdempotencyKey, Valid: in.IdempotencyKey != ""}
	out.digest = digest(out)
	if in.Follows != uuid.Nil {
		out.key = sql.NullString{String: FollowsKey(in.Follows), Valid: true}
		sum := sha256.Sum256([]byte(out.key.String)) // the same gift, even if another amount is suggested now
		out.digest, out.firstChargeAt = sum[:], in.FirstChargeAt.UTC().Truncate(time.Second)
	}
	return out, nil
}

func (s *Service) readAmount(in Intent, k campaign.Campaign) (money.Amount, error) {
	currency, err := money.ParseCurrency(in.Currency)
	if err != nil {
		return money.Amount{}, err
	}
	if _, offered := k.Suggested[currency]; !offered {
		return money.Amount{}, fault.Input("currency", "money.currency_not_offered")
	}
	if in.Amount == "" {
		return money.Amount{}, fault.Input("amount", "contribution.amount_missing")
	}
	parse := money.Parse
	if in.Written {
		parse = money.ParseWritten
	}
	amount, err := parse(in.Amount, currency)
	if err != nil {
		return money.Amount{}, err
	}
	if least := k.Minimum[currency]; amount.Minor < least {
		return money.Amount{}, fault.Input("amount", "contribution.amount_too_small", fault.Args{
			"min": money.New(least, currency),
		})
	}
	return amount, s.CheckAmount(amount)
}

func checkEmail(written string) error {
	if written == "" {
		return nil
	}
	if err := field.Line("email", written, longestEmail); err != nil {
		return err
	}
	_, err := field.Email("email", written) // it is kept as it was written
	return err
}

// bareEmail removes what is often copied along with an address: spaces of all kinds and invisible characters.
func bareEmail(written string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII && unicode.IsSpace(r) || r == '\u200C' || r == '\u200D' {
			return -1
		}
		return r
	}, strings.TrimSpace(text.Visible(written)))
}

// Article reads an article's address. The error is a fault.Invalid on "article".
func Article(written string) (string, error) {
	address := strings.TrimSpace(text.Visible(written))
	if address == "" {
		return "", nil
	}
	if err := field.Line("article", address, longestArticle); err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", fault.Input("article", "contribution.article_malformed")
	}
	return address, nil
}

// LinkedArticle returns the text if it can be an article's address, and an empty string otherwise: a link or a hidden
// field with a broken article still brings the reader to the form, and their gift to the newsroom.
func LinkedArticle(written string) string {
	address, err := Article(written)
	if err != nil || strings.ContainsRune(address, unicode.ReplacementChar) {
		return ""
	}
	return address
}

// digest gives the value that was hashed when the form knew only anonymous, true or false. A program's retry across
// an update of the service thus still counts as the same input.
func (n Naming) digest() any {
	if n == MayName {
		return "named"
	}
	return n == MayNotName
}

// digest hashes everything that makes two intents the same, however they were sent.
func digest(in intent) []byte {
	all := []any{
		in.campaign.Slug, in.amount.Minor - in.covered, in.amount.Currency, in.frequency, in.article, in.name, in.email,
		in.message, in.naming.digest(), in.coverFee,
	}
	if in.tribute != (Tribute{}) { // the version before hashed none
		all = append(all, in.tribute.Kind, in.tribute.Name)
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(fmt.Sprintf("digest an intent: %v", err)) // strings, numbers and booleans always marshal
	}
	sum := sha256.Sum256(text)
	return sum[:]
}
