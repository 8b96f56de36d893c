package telemetry

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const redacted = "[redacted]"

// secretWords, anywhere in the key of an attribute, mark its whole value as a secret.
var secretWords = []string{
	"password", "passwd", "secret", "token", "authorization", "cookie", "signature", "apikey",
	"api_key", "otp_code", "session_id",
}

// patterns find secrets inside longer texts: messages, errors, URLs.
var patterns = []struct {
	find    *regexp.Regexp
	replace string
}{
	// Play tokens and key tokens in paths, /p/<jwt>/… and /k/<jwt>/…, longer than any readable name;
	// segments: /s/<exp>/<session>/<signature>/…
	{regexp.MustCompile(`/(p|k)/[^/\s"?]{40,}`), "/$1/" + redacted},
	{regexp.MustCompile(`(/sandbox/pay/)[^/\s"?]+`), "${1}" + redacted}, // its token suffices to pay
	{regexp.MustCompile(`/s/(\d+)/([^/\s"?]+)/[^/\s"?]+`), "/s/$1/$2/" + redacted},
	{regexp.MustCompile(`\beyJ[\w-]+\.[\w-]+\.[\w-]*`), redacted}, // a JWT anywhere
	{regexp.MustCompile(`\b(Bearer)\s+[\w.~+/=-]{6,}`), "$1 " + redacted},
	{regexp.MustCompile(`(?i)(authorization\W+(?:basic|bearer)\s+)[\w.~+/=-]+`), "${1}" + redacted},
	{
		regexp.MustCompile(`(?i)([?&](?:[\w-]*(?:token|secret|signature|password)|sig|sign|code)=)[^&\s"#]+`),
		"${1}" + redacted,
	},
	{regexp.MustCompile(`(\w+://[^:/@\s"]*:)[^@/\s"]+@`), "${1}" + redacted + "@"},       // user:password@host
	{regexp.MustCompile(`\b((?:sk|rk)_(?:live|test)_|whsec_)\w{6,}`), "${1}" + redacted}, // Stripe's keys
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`), redacted},
	{regexp.MustCompile(`(?i)\b(password=)('[^']*'|\S+)`), "${1}" + redacted},
}

// Redact removes the secrets from a text for a log or a span: tokens in paths and queries, JWTs, Authorization values
// and passwords in URLs.
func Redact(s string) string {
	for _, p := range patterns {
		s = p.find.ReplaceAllString(s, p.replace)
	}
	return s
}

// RedactPath returns the path of a request in a form that may be logged: the route's pattern with its parameters,
// except those that are secrets by their name. A path without a route is redacted as text.
func RedactPath(route, path string, param func(name string) string) string {
	if route == "" {
		return Redact(path)
	}
	steps := strings.Split(route, "/")
	for i, step := range steps {
		switch name, isParam := strings.CutPrefix(step, ":"); {
		case isParam && (secretKey(name) || name == "sig"):
			steps[i] = redacted
		case isParam:
			steps[i] = param(name)
		case step == "*":
			steps[i] = param(step)
		}
	}
	return Redact(strings.Join(steps, "/"))
}

func redactAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		if secretKey(a.Key) && a.Value.String() != "" {
			return slog.String(a.Key, redacted)
		}
		return slog.String(a.Key, Redact(a.Value.String()))
	case slog.KindAny:
		v := a.Value.Any()
		if secretKey(a.Key) && v != nil {
			return slog.String(a.Key, redacted)
		}
		switch v := v.(type) {
		case error:
			return slog.String(a.Key, Redact(v.Error()))
		case fmt.Stringer:
			return slog.String(a.Key, Redact(v.String()))
		case []byte:
			return slog.String(a.Key, Redact(string(v)))
		case map[string][]string:
			return slog.Any(a.Key, redactMap(v))
		case http.Header:
			return slog.Any(a.Key, redactMap(v))
		case url.Values:
			return slog.Any(a.Key, redactMap(v))
		}
	}
	return a
}

func secretKey(key string) bool {
	key = strings.ToLower(strings.ReplaceAll(key, "-", "_"))
	return slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(key, w) })
}

func redactMap(m map[string][]string) map[string][]string {
	out := make(map[string][]string, len(m))
	for k, values := range m {
		if secretKey(k) {
			out[k] = []string{redacted}
			continue
		}
		for _, v := range values {
			out[k] = append(out[k], Redact(v))
		}
	}
	return out
}
