package page

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/mall/fault"
)

// errUnreadableText refuses text that PostgreSQL cannot store and that nobody typed.
var errUnreadableText = fault.New(fault.Invalid, "unreadable_text",
	"The request has text that is not valid UTF-8, or a NUL character.")

// unreadable is errUnreadableText as a 400, for the place where the text was found.
func unreadable(place, text string) error {
	return ErrBadRequest(errUnreadableText.Because("%s %.100q", place, text))
}

// refuseUnreadableAddress keeps text that PostgreSQL can't be asked for away from every handler: a path with such text
// names nothing (404), a query string with it can't be read (400). Pairs of a query string that can't be parsed count
// as absent, as everywhere.
func refuseUnreadableAddress(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		if !db.Storable(u.Path) {
			return ErrNotFound.Because("path %.100q", u.Path)
		}
		if err := checkValues("query", u.Query()); err != nil {
			return err
		}
		return next(c)
	}
}

// RefuseUnreadableBody does for forms and JSON what refuseUnreadableAddress does for addresses. It reads the body, so
// that limits of its size and of requests come before it. Notices of payment providers pass: their signature covers the
// bytes, and each provider's parser is strict itself. So do partners' signed requests, of which nothing is read
// before the signature is checked. Of multipart forms it reads nothing, since their files are taken
// in turns: their handlers ask CheckMultipart.
func RefuseUnreadableBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
		if err != nil || isCallback(r.URL.Path) || isSigned(r.URL.Path) {
			return next(c)
		}
		switch kind {
		case echo.MIMEApplicationForm:
			err = checkForm(r)
		case echo.MIMEApplicationJSON:
			err = checkJSON(r)
		}
		if err != nil {
			return err
		}
		return next(c)
	}
}

// CheckMultipart is RefuseUnreadableBody for a multipart form that was parsed.
func CheckMultipart(form *multipart.Form) error {
	if err := checkValues("form", form.Value); err != nil {
		return err
	}
	for name, files := range form.File {
		for _, f := range files {
			if err := checkValues("file", url.Values{name: {f.Filename}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkForm parses the form, which stores it for the handler. Pairs that can't be parsed count as absent.
func checkForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		var way *echo.HTTPError
		if errors.As(err, &tooLarge) || errors.As(err, &way) {
			return err
		}
	}
	return checkValues("form", r.PostForm)
}

func checkValues(place string, values url.Values) error {
	for name, given := range values {
		if !db.Storable(name) {
			return unreadable(place, name)
		}
		for _, v := range given {
			if !db.Storable(v) {
				return unreadable(place+" "+name, v)
			}
		}
	}
	return nil
}

// checkJSON reads the body and puts it back. It leaves a body that is no JSON to the handler, which refuses it.
func checkJSON(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !db.Storable(string(body)) {
		return unreadable("body", string(body))
	}
	if !bytes.Contains(body, []byte(`\u0000`)) {
		return nil
	}
	for d := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true)); ; {
		token, err := d.ReadToken()
		if err != nil {
			return nil
		}
		if token.Kind() == '"' && !db.Storable(token.String()) {
			return unreadable("body", token.String())
		}
	}
}
