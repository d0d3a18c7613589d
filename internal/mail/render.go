package mail

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"reflect"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/text"
	"readerfund/templates"
)

// House identifies the publication in every mail.
type House struct {
	Publication string
	Contact     string // an address; empty where there is none, like the next two
	Privacy     string // an address of a page
	Imprint     string // likewise
	BaseURL     string // without a slash at the end
	Timezone    *time.Location
	Language    language.Tag // of mails whose reader's language is not known; Und is English
}

// Rendered is a mail as its reader receives it.
type Rendered struct{ Subject, Text, HTML string }

// view is the data of the templates.
type view struct {
	House
	Lang    string       // the language of the sentences
	Dir     string       // in which it is written: ltr or rtl
	Tag     language.Tag // how amounts are written
	Subject string       // of the HTML; empty in the text, which defines it
	Name    string       // whom to greet; empty where that is not known
	Args    any
}

// views are the parsed templates, by language and kind.
type views map[language.Tag]map[Kind]pair

type pair struct {
	text *texttemplate.Template
	html *template.Template
}

// parse reads the templates of all kinds: the embedded ones, overridden by an operator's own if there is such a folder.
func parse(dir string, house House) (views, error) {
	files, all := templates.Under(dir), views{}
	for _, lang := range i18n.Default().Languages() {
		all[lang] = map[Kind]pair{}
		for _, k := range Kinds() {
			p, err := parseKind(files, k, funcs(lang, house))
			if err != nil && dir != "" {
				err = fmt.Errorf("TEMPLATES_DIR: %w", err)
			}
			if err != nil {
				return nil, fmt.Errorf("parse mail %q: %w", k, err)
			}
			all[lang][k] = p
		}
	}
	return all, nil
}

// current returns the templates to use: an operator's own are read again each time, because they may have changed.
func (s *Service) current() (views, error) {
	if s.cfg.TemplatesDir == "" {
		return s.views, nil
	}
	return parse(s.cfg.TemplatesDir, s.cfg.House)
}

func parseKind(files fs.FS, k Kind, funcs map[string]any) (p pair, err error) {
	name := "mail/" + string(k)
	p.text, err = texttemplate.New("layout.txt").Funcs(funcs).ParseFS(files, "mail/layout.txt", name+".txt")
	if err != nil {
		return pair{}, err
	}
	p.html, err = template.New("layout.html").Funcs(funcs).ParseFS(files, "mail/layout.html", name+".html")
	if err != nil {
		return pair{}, err
	}
	// Invalid HTML is found on the first rendering; the other errors say nothing yet.
	var broken *template.Error
	err = p.html.Execute(io.Discard, view{Args: reflect.Zero(kinds[k].args).Interface()})
	if errors.As(err, &broken) {
		return pair{}, broken
	}
	return p, nil
}

// link is the data of the templates "button" and "alone".
type link struct{ URL, Text string }

func funcs(lang language.Tag, house House) map[string]any {
	loc := i18n.Default().Localizer(lang, nil)
	return map[string]any{
		"say":   loc.SayIn,
		"link":  func(url, text string) link { return link{url, text} },
		"write": write,
		"plain": strings.NewReplacer("[", "", "]", "").Replace,
		"to":    func(address string) string { return house.to(address, lang) },
		"money": func(tag language.Tag, a money.Amount) string { return money.Format(a, tag) },
		"rate": func(tag language.Tag, a money.Amount, frequency string) string {
			return loc.Rate(money.Format(a, tag), frequency)
		},
		"day": func(t time.Time) string { return loc.Day(t.In(house.Timezone)) },
	}
}

// write makes the part of a sentence that stands in [brackets] a link to a mail address; without one it is only the
// sentence.
func write(address, sentence string) template.HTML {
	opening, closing := "", ""
	if address != "" {
		to := (&url.URL{Scheme: "mailto", Opaque: address}).String()
		opening, closing = `<a class="link" href="`+template.HTMLEscapeString(to)+`" style="color: #8a1c2b;">`, "</a>"
	}
	text := strings.NewReplacer("[", opening, "]", closing).Replace(template.HTMLEscapeString(sentence))
	return template.HTML(text) //nolint:gosec // the sentence and the address are escaped
}

// to is an address of ours that opens in the mail's language. The publication's own is left out of it.
func (h House) to(address string, lang language.Tag) string {
	own, _ := h.Language.Base()
	if lang == language.English && h.Language == language.Und || language.Make(own.String()) == lang {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Set("lang", lang.String())
	u.RawQuery = q.Encode()
	return u.String()
}

// render renders a mail from its arguments, as they are stored.
func (v views) render(house House, kind Kind, locale, name string, args []byte) (Rendered, error) {
	k, known := kinds[kind]
	if !known {
		return Rendered{}, fmt.Errorf("there is no kind of mail %q", kind)
	}
	values := reflect.New(k.args)
	if err := json.Unmarshal(args, values.Interface()); err != nil {
		return Rendered{}, fmt.Errorf("read the arguments of a mail: %w", err)
	}
	lang, tag := v.language(locale, house.Language)
	data := view{
		House: house, Lang: lang.String(), Dir: text.Direction(lang), Tag: tag, Name: greeted(name),
		Args: values.Elem().Interface(),
	}
	p := v[lang][kind]
	var subject, plain, html bytes.Buffer
	if err := p.text.ExecuteTemplate(&subject, "subject", data); err != nil {
		return Rendered{}, fmt.Errorf("render a mail's subject: %w", err)
	}
	data.Subject = text.Line(subject.String())
	if err := p.text.Execute(&plain, data); err != nil {
		return Rendered{}, fmt.Errorf("render a mail's text: %w", err)
	}
	if err := p.html.Execute(&html, data); err != nil {
		return Rendered{}, fmt.Errorf("render a mail's HTML: %w", err)
	}
	return Rendered{Subject: data.Subject, Text: tidied(plain.String()), HTML: html.String()}, nil
}

// tidied removes the empty lines that a template's branches leave behind.
func tidied(s string) string {
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return strings.TrimSpace(s) + "\n"
}

// language is the language of a mail: the reader's if the catalogue has it, otherwise the publication's own, which then
// also formats the numbers.
func (v views) language(locale string, own language.Tag) (lang, tag language.Tag) {
	for _, wanted := range []language.Tag{language.Make(locale), own} { // what cannot be read is Und
		base, _ := wanted.Base()
		if lang = language.Make(base.String()); wanted != language.Und && v[lang] != nil {
			return lang, wanted
		}
	}
	return language.English, language.English
}

// longestName is the longest name that is greeted, in characters.
const longestName = 60

// greeted returns a name that is safe to use in a greeting. The form can be abused to send mail to another person, so a
// name that could be read as a message ("Win at evil.example") is left out.
func greeted(name string) string {
	name = text.Line(text.Visible(name))
	odd := strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune(" -'’.", r)
	})
	dotted := strings.Contains(strings.ReplaceAll(strings.TrimSuffix(name, "."), ". ", ""), ".")
	if odd || dotted || utf8.RuneCountInString(name) > longestName {
		return ""
	}
	return name
}
