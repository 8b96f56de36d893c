package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
	"videomall/mall/strictjson"
	"videomall/web/page"
)

// maxBody bounds a request's JSON in bytes: an order of 50 lines takes less than 3 KB.
const maxBody = 64 << 10

// longestName bounds what of a sender's own names is sent back.
const longestName = 120

// What keeps a body from being read (400), and what is missing in one that was (422).
var (
	errMalformed    = fault.New(fault.Invalid, "malformed_json", "The body is not valid JSON.")
	errUnknownField = fault.New(fault.Invalid, "unknown_field", "The body has a field that this address does not know.")
	errWrongType    = fault.New(fault.Invalid, "wrong_type",
		"A field of the body has the wrong type, or a number out of range.")
	errFieldMissing = fault.New(fault.Invalid, "field_missing", "A required field of the body is missing.")
)

// decode reads a body of exactly one JSON object into a struct. It is strict, because a misspelt field would otherwise
// be an order for something else: names are case-sensitive, none may occur twice or be unknown, and numbers must be
// numbers.
func decode(c *page.Ctx, into any) error {
	r := c.Request()
	kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || kind != echo.MIMEApplicationJSON || r.Header.Get(echo.HeaderContentEncoding) != "" {
		return echo.ErrUnsupportedMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxBody))
	if err != nil {
		return page.ErrBadRequest(err)
	}
	return parse(body, into)
}

// parse is decode for the bytes of a body.
func parse(body []byte, into any) error {
	err := strictjson.Closed(body, into)
	if err == nil {
		return nil
	}
	f := errMalformed
	if meaning, ok := errors.AsType[*json.SemanticError](err); ok {
		if f = errWrongType; errors.Is(err, json.ErrUnknownName) {
			f = errUnknownField
		}
		f = f.With(fieldName(meaning.JSONPointer), f.Slug)
	} else if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok &&
		errors.Is(err, jsontext.ErrDuplicateName) {
		f = f.With(fieldName(syntax.JSONPointer), "duplicate_field")
	}
	return page.ErrBadRequest(f.Because("%w", err))
}

// fieldName is a place in the body as problems name it: a JSON Pointer (RFC 6901) without its first stroke.
func fieldName(p jsontext.Pointer) string {
	if p == "" {
		return "body"
	}
	return clip(strings.TrimPrefix(string(p), "/"))
}

func clip(name string) string {
	if len(name) > longestName {
		name = name[:longestName] + "…"
	}
	return strings.ToValidUTF8(name, "")
}

// required names each field that is missing from the body. Errors: errFieldMissing.
func required(missing ...string) error {
	if len(missing) == 0 {
		return nil
	}
	f := errFieldMissing
	for _, name := range missing {
		f = f.With(name, errFieldMissing.Slug)
	}
	return f
}

// itemField names a field of an item, as fieldName does.
func itemField(index int, name string) string { return "items/" + strconv.Itoa(index) + "/" + name }
