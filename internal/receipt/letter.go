package receipt

import (
	"strings"

	"readerfund/internal/mail"
	"readerfund/internal/money"
)

// letter is the mail that delivers a document: its whole text, and a link to the document itself. Nothing is attached:
// a mail of a few kilobytes arrives where one with a file is held back, a renewal day does not produce tens of
// thousands of files, and the original is handed out once, to the reader who opens it.
func (s *Service) letter(r row) (mail.Message, error) {
	amount := money.New(r.Minor, money.Currency(r.Currency))
	d, err := s.Document(Receipt{
		ID: r.ID, Serial: r.Serial, Kind: r.Kind, Contribution: r.Contribution, Reference: r.to.reference,
		Payment: r.to.payPalID, Of: r.to.ofSerial, OfAt: r.to.ofAt, Amount: amount,
		Left: money.New(r.Left, money.Currency(r.Currency)), Frequency: r.Frequency, PaidAt: r.PaidAt, IssuedAt: r.IssuedAt,
		Form: r.Form, Name: r.Name, Address: r.Address, Country: r.Country,
	})
	if err != nil {
		return mail.Message{}, err
	}
	args := mail.ReceiptArgs{
		Kind: string(r.Kind), Serial: r.Serial, Lang: d.Lang.String(), Title: d.Title, Amount: amount, Frequency: r.Frequency,
		URL: s.links.Contribution(r.Contribution),
	}
	if r.Frequency != "once" {
		args.Manage = s.manage(r.Contribution)
	}
	for _, p := range d.Paragraphs {
		args.Paragraphs = append(args.Paragraphs, strings.Split(p, "\n"))
	}
	for _, f := range d.Facts {
		args.Facts = append(args.Facts, mail.Fact(f))
	}
	return mail.Message{
		Kind: mail.Receipt, Key: r.ID.String(), To: r.to.email, Name: r.Name, Locale: r.to.locale, Args: args,
	}, nil
}
