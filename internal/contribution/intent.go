package contribution

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/text"
)

// Intent is what a reader sends, as text: the fields of POST /contributions. Locale is a BCP 47 tag for PayPal's pages,
// or empty. Written says that a person wrote the amount, and not a program.
type Intent struct {
	Campaign, Amount, Currency, Frequency, Article string
	Name, Email, Message                           string
	Naming                                         Naming
	CoverFee                                       bool
	Written                                        bool
	UTM                                            UTM
	IdempotencyKey                                 string
	Locale                                         string
}

// intent is an Intent that was read and found right.
type intent struct {
	campaign             campaign.Campaign
	amount               money.Amount
	frequency            Frequency
	article              string
	name, email, message string
	naming               Naming
	coverFee             bool
	utm                  UTM
	key                  sql.NullString
	digest               []byte
}

// Longest texts a reader may send, in characters. They leave room for every real name and a few friendly paragraphs.
const (
	longestName    = 120
	longestEmail   = 254 // RFC 5321, section 4.5.3.1: the longest address that can be delivered to
	longestMessage = 1000
	longestArticle = 2000
	longestKey     = 255
)

// read checks every field and tells all that is wrong at once.
func (d *Desk) read(ctx context.Context, in Intent) (intent, error) {
	out := intent{
		name: strings.TrimSpace(text.Visible(in.Name)), email: bareEmail(in.Email), message: normalised(in.Message),
		naming: in.Naming, coverFee: in.CoverFee, frequency: Frequency(in.Frequency), utm: in.UTM.Cleaned(),
	}
	var articleErr, err error
	out.article, articleErr = Article(in.Article)
	out.campaign, err = d.campaigns.BySlug(ctx, in.Campaign)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return intent{}, err
	}
	var problems []error
	if err != nil {
		problems = append(problems, fault.Invalidf("campaign", "%s", fault.All(err)[0].Message))
	} else {
		var amountErr error
		out.amount, amountErr = d.readAmount(in, out.campaign)
		problems = append(problems, amountErr)
	}
	if in.Frequency != string(Once) {
		problems = append(problems, fault.Invalidf("frequency", "Only one-time contributions can be made here."))
	}
	problems = append(problems,
		checkText("name", out.name, longestName, false), checkText("message", out.message, longestMessage, true),
		checkEmail(out.email), articleErr, checkKey(in.IdempotencyKey))
	if err := errors.Join(problems...); err != nil {
		return intent{}, err
	}
	out.key = sql.NullString{String: in.IdempotencyKey, Valid: in.IdempotencyKey != ""}
	out.digest = digest(out)
	return out, nil
}

func (d *Desk) readAmount(in Intent, k campaign.Campaign) (money.Amount, error) {
	currency, err := money.ParseCurrency(in.Currency)
	if err != nil {
		return money.Amount{}, err
	}
	if _, offered := k.Suggested[currency]; !offered {
		return money.Amount{}, fault.Invalidf("currency", "Pick one of the currencies offered.")
	}
	if in.Amount == "" {
		return money.Amount{}, fault.Invalidf("amount", "Choose an amount, or write your own.")
	}
	parse := money.Parse
	if in.Written {
		parse = money.ParseWritten
	}
	amount, err := parse(in.Amount, currency)
	if err != nil {
		return money.Amount{}, err
	}
	limit := d.limits[currency]
	switch {
	case amount.Minor < limit.Min:
		return money.Amount{}, fault.Invalidf("amount", "The smallest amount is %s.", money.New(limit.Min, currency))
	case amount.Minor > limit.Max:
		return money.Amount{}, fault.Invalidf("amount", "The largest amount to give at once is %s.", money.New(limit.Max, currency))
	}
	return amount, nil
}

// checkText refuses what is too long or cannot be written on a page or a receipt: control characters, bad UTF-8.
func checkText(field, written string, longest int, lines bool) error {
	if !utf8.ValidString(written) {
		return fault.Invalidf(field, "This text has characters that cannot be read. Please write it again.")
	}
	if n := utf8.RuneCountInString(written); n > longest {
		return fault.Invalidf(field, "Please shorten this to %d characters; it has %d.", longest, n)
	}
	for _, r := range written {
		if unicode.IsControl(r) && (!lines || r != '\n') {
			return fault.Invalidf(field, "This text has characters that cannot be shown. Please write it again.")
		}
	}
	return nil
}

func checkEmail(written string) error {
	if written == "" {
		return nil
	}
	if err := checkText("email", written, longestEmail, false); err != nil {
		return err
	}
	address, err := mail.ParseAddress(written)
	if err != nil || address.Address != written {
		return fault.Invalidf("email", "Write the email address like name@example.org.")
	}
	return nil
}

// bareEmail takes off what comes along when an address is copied: spaces of all kinds, and what shows nothing.
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
	if err := checkText("article", address, longestArticle, false); err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", fault.Invalidf("article", "The article must be a web address that begins with https:// or http://.")
	}
	return address, nil
}

func checkKey(key string) error {
	if len(key) > longestKey {
		return fault.Invalidf("idempotency_key", "The idempotency key has more than %d characters.", longestKey)
	}
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return fault.Invalidf("idempotency_key", "The idempotency key may hold printable ASCII characters only.")
		}
	}
	return nil
}

// digest is what was hashed when there was only anonymous, true or false: a program's retry across an update of the
// service stays the same input.
func (n Naming) digest() any {
	if n == MayName {
		return "named"
	}
	return n == MayNotName
}

// normalised takes out the carriage returns that forms send at the ends of lines, and what shows nothing.
func normalised(written string) string {
	return strings.TrimSpace(strings.ReplaceAll(text.Visible(written), "\r\n", "\n"))
}

// digest is over everything that makes two intents the same, whatever way they were sent.
func digest(in intent) []byte {
	text, err := json.Marshal([]any{
		in.campaign.Slug, in.amount.Minor, in.amount.Currency, in.frequency, in.article, in.name, in.email, in.message,
		in.naming.digest(), in.coverFee,
	})
	if err != nil {
		panic(fmt.Sprintf("digest an intent: %v", err)) // strings, numbers and booleans always marshal
	}
	sum := sha256.Sum256(text)
	return sum[:]
}
