package follow

import (
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/textnorm"
)

// ErrMessageInvalid refuses a message; its fields are subject, body and locale.
var ErrMessageInvalid = fault.New(fault.Invalid, "message_invalid", "Some fields need another look.")

// The limits of a message, in characters.
const (
	MaxSubject = 60
	MaxBody    = 4000
)

// Why a message waits for an operator.
const (
	ReasonNew      = "new_creator" // their first video is on sale for less than NewFor, or none is
	ReasonTakedown = "takedown"    // a takedown of theirs stands
	ReasonWords    = "words"       // the text has words that the review looks out for
)

// NewFor is how long a creator counts as new.
const NewFor = 30 * 24 * time.Hour

// Draft is what a creator writes. Locale is the language that it is written in, "" if that is not said.
type Draft struct {
	Subject, Body, Locale string
}

// tidy trims a draft and writes its lines as PostgreSQL and mails want them.
func (d Draft) tidy() Draft {
	return Draft{
		Subject: strings.TrimSpace(d.Subject),
		Body:    strings.TrimSpace(strings.ReplaceAll(d.Body, "\r\n", "\n")),
		Locale:  d.Locale,
	}
}

// Check returns the draft as it would be sent. Errors: ErrMessageInvalid with its fields.
func (f *Follows) Check(d Draft) (Draft, error) {
	d = d.tidy()
	fields := map[string]string{}
	check := func(name, text string, most int, lines bool) {
		switch {
		case text == "":
			fields[name] = "message_empty"
		case !db.Storable(text), !lines && strings.ContainsAny(text, "\r\n"), strings.ContainsRune(text, '\r'):
			fields[name] = "message_unreadable"
		case utf8.RuneCountInString(text) > most:
			fields[name] = "message_long"
		case f.linksAway(text):
			fields[name] = "message_link"
		}
	}
	check("subject", d.Subject, MaxSubject, false)
	check("body", d.Body, MaxBody, true)
	if d.Locale != "" && d.Locale != "zh-CN" && d.Locale != "en" {
		fields["locale"] = "message_locale"
	}
	err := ErrMessageInvalid
	for name, slug := range fields {
		err = err.With(name, slug)
	}
	if len(fields) > 0 {
		return d, err
	}
	return d, nil
}

var (
	withScheme = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:[/\\]{2}[^\s<>"',;!?()，。；！？、（）《》]*`)
	// Mail programs make links of names like these, too.
	bareName = regexp.MustCompile(`(?i)(?:[\p{L}\p{N}-]+\.)+(?:com|net|org|info|biz|io|me|tv|cc|co|cn|hk|tw|de|uk|fr|ru|` +
		`jp|eu|us|ca|ai|app|dev|shop|store|site|website|online|page|blog|cloud|tech|pro|click|top|xyz|icu|fun|space|` +
		`vip|club|link|live|video|mobi|pw|ly|gl|gd|to|ws)` +
		`(?::[0-9]+)?[.-]*(?:[^\p{L}\p{N}.-]|$)`)
	wwwName = regexp.MustCompile(`(?i)(?:^|[^\p{L}\p{N}.-])(www\.[^\s<>"'/]+)`)
)

// linksAway reports whether a mail program would show a link in the text that leads out of the mall.
func (f *Follows) linksAway(text string) bool {
	text = norm.NFKC.String(textnorm.DropUnseen(text))
	for _, link := range withScheme.FindAllString(text, -1) {
		u, err := url.Parse(strings.TrimRight(link, ".:"))
		if err != nil || u.User != nil || !strings.EqualFold(u.Host, f.deps.Host) ||
			u.Scheme != "https" && u.Scheme != "http" {
			return true
		}
	}
	rest := withScheme.ReplaceAllString(text, " ")
	for _, name := range bareName.FindAllString(rest, -1) {
		if !f.own(name) {
			return true
		}
	}
	for _, name := range wwwName.FindAllStringSubmatch(rest, -1) {
		if !f.own(name[1]) {
			return true
		}
	}
	return false
}

// own reports whether a name is the mall's own, whatever stands behind it.
func (f *Follows) own(name string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(name), strings.ToLower(f.deps.Host))
	next, _ := utf8.DecodeRuneInString(rest)
	if !ok || f.deps.Host == "" || unicode.IsLetter(next) || unicode.IsDigit(next) {
		return false // such as mall.com where the mall is mall.co
	}
	return !strings.ContainsAny(strings.TrimFunc(rest, func(r rune) bool {
		return r == '.' || r == '-' || unicode.IsSpace(r)
	}), "-.@:")
}

// reasons says why a message has to wait for an operator.
func reasons(facts Facts, now time.Time) []string {
	list := []string{}
	if facts.Since.IsZero() || now.Sub(facts.Since) < NewFor {
		list = append(list, ReasonNew)
	}
	if facts.Takedowns > 0 {
		list = append(list, ReasonTakedown)
	}
	if len(facts.Words) > 0 {
		list = append(list, ReasonWords)
	}
	return list
}
