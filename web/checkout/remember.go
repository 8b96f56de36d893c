package checkout

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/seal"
	"videomall/web/page"
)

// remember keeps words in the browser for rememberedFor, for one session and one person: whoever signs in after them in
// the same browser is asked anew. They are sealed, in a cookie and not among the session's values, which are lost
// without Redis. The cookie has "unix words" in it, the second at which they are forgotten.
func (d Deps) remember(c *page.Ctx, key string, words ...string) {
	box, err := seal.New(d.PayerKey)
	if err != nil {
		c.Log().Error("payer not remembered", "error", err)
		return
	}
	until := strconv.FormatInt(c.Now.Add(rememberedFor).Unix(), 10)
	sealed := box.Seal([]byte(until+" "+strings.Join(words, " ")), d.boundTo(c, key))
	d.setCookie(c, key, base64.RawURLEncoding.EncodeToString(sealed), int(rememberedFor/time.Second))
}

// remembered returns the n words that remember keeps; empty ones if they are another session's or person's, too old, or
// not n.
func (d Deps) remembered(c *page.Ctx, key string, n int) []string {
	if f := strings.Split(d.opened(c, key), " "); len(f) == n+1 {
		if until, err := strconv.ParseInt(f[0], 10, 64); err == nil && c.Now.Unix() < until {
			return f[1:]
		}
	}
	return make([]string, n)
}

// opened is what the request's cookie holds; "" without one of ours.
func (d Deps) opened(c *page.Ctx, key string) string {
	cookie, err := c.Cookie(d.cookieName(key))
	if err != nil || c.Session() == nil || c.Session().ID == "" {
		return ""
	}
	box, err := seal.New(d.PayerKey)
	if err != nil {
		return ""
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return ""
	}
	words, err := box.Open(sealed, d.boundTo(c, key))
	if err != nil {
		return ""
	}
	return string(words)
}

func (d Deps) forget(c *page.Ctx, key string) { d.setCookie(c, key, "", -1) }

// boundTo names what a cookie is sealed for: its key, the session and the person.
func (d Deps) boundTo(c *page.Ctx, key string) string {
	session := ""
	if s := c.Session(); s != nil {
		session = s.ID
	}
	return key + "/" + session + "/" + strconv.FormatInt(c.Viewer.UserID, 10)
}

// setCookie replaces what this answer says of the cookie, since browsers need not take the later of two.
func (d Deps) setCookie(c *page.Ctx, key, value string, maxAge int) {
	name, h := d.cookieName(key), c.Response().Header()
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(set string) bool {
		return strings.HasPrefix(set, name+"=")
	})
	c.SetCookie(&http.Cookie{
		Name:     name,
		Value:    value,
		Path:     "/",
		MaxAge:   maxAge,
		HttpOnly: true,
		Secure:   d.Secure,
		SameSite: http.SameSiteLaxMode, // it comes back with the browser from the provider's site
	})
}

func (d Deps) cookieName(key string) string {
	if d.Secure {
		return "__Host-" + key
	}
	return key
}
