package page

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/views"
	"videomall/views/text"
)

const spokenKey = "spoken"

// spokenLanguage takes the language that an address names (?lang=zh-CN) out of it, so that handlers and what is kept
// see one address, and remembers it for this answer. What is no language of the mall stays a parameter like others.
func spokenLanguage(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if !IsRead(r.Method) || isAPI(r) || !strings.Contains(r.URL.RawQuery, views.LangParam+"=") {
			return next(c)
		}
		lang := text.Lang(r.URL.Query().Get(views.LangParam))
		if !knownLanguage(lang) {
			return next(c)
		}
		u := *r.URL
		u.RawQuery = strings.Join(slices.DeleteFunc(strings.Split(u.RawQuery, "&"), func(pair string) bool {
			name, _, _ := strings.Cut(pair, "=")
			name, err := url.QueryUnescape(name)
			return err == nil && name == views.LangParam
		}), "&")
		asked := r.WithContext(r.Context())
		asked.URL = &u
		c.SetRequest(asked)
		c.Set(spokenKey, lang)
		return next(c)
	}
}

// spoken returns the language that the address names; "" where it names none.
func spoken(c echo.Context) text.Lang {
	lang, _ := c.Get(spokenKey).(text.Lang)
	return lang
}

// LanguageOf returns the language of an answer for which nobody looks up who asks: the one that the address names, that
// the browser keeps, or that it asks for.
func LanguageOf(c echo.Context) text.Lang { return languageOf(c, "") }

// languageOf is LanguageOf where the viewer's account may name a language.
func languageOf(c echo.Context, ofViewer string) text.Lang {
	if named := spoken(c); named != "" {
		return named
	}
	return text.Choose(cmp.Or(cookieValue(c, langCookie), ofViewer), c.Request().Header.Get("Accept-Language"))
}

func knownLanguage(lang text.Lang) bool {
	return slices.ContainsFunc(text.Langs, func(l struct {
		Lang text.Lang
		Name string
	},
	) bool {
		return l.Lang == lang
	})
}

// continueIn keeps a guest who came by an address with a language in that language until the browser closes. It does
// not replace a language that the guest chose, because somebody else may have written the link.
func (s *Site) continueIn(c echo.Context, lang text.Lang) {
	if lang == "" || cookieValue(c, langCookie) != "" {
		return
	}
	c.SetCookie(&http.Cookie{
		Name:     langCookie,
		Value:    string(lang),
		Path:     "/",
		HttpOnly: true,
		Secure:   s.https,
		SameSite: http.SameSiteLaxMode,
	})
}
