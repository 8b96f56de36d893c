package sitepage

import (
	"context"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/sitepage/internal/dbsqlc"
	"videomall/mall/textnorm"
)

// Edit is a text that an operator wants to save.
type Edit struct {
	Slug    string
	Version int // the version that was edited
	Body    locale.Text
	By      int64 // the operator's account
}

// Save adds a version to the page. A text that differs in nothing from the current one adds none. Errors: ErrNotFound;
// ErrInvalid where both languages are empty or one is too long; ErrChanged where e.Version is not the current version.
func (p *Pages) Save(ctx context.Context, e Edit) error {
	e, err := checked(e)
	if err != nil {
		return err
	}
	current, err := p.Current(ctx, e.Slug)
	if err != nil {
		return err
	}
	if current.Adapted() && current.Version == e.Version && current.Body == e.Body {
		return nil
	}
	err = db.InTx(ctx, p.d.Pool, func(tx pgx.Tx) error { return p.saveTx(ctx, tx, e) })
	if err == nil && p.d.Drop != nil {
		p.d.Drop(ctx)
	}
	return err
}

func (p *Pages) saveTx(ctx context.Context, tx pgx.Tx, e Edit) error {
	added, err := p.q.AddVersion(ctx, tx, dbsqlc.AddVersionParams{
		Slug:    e.Slug,
		After:   int32(e.Version),
		BodyZh:  e.Body.Zh,
		BodyEn:  e.Body.En,
		SavedAt: p.d.Now(),
		SavedBy: e.By,
	})
	if err != nil {
		return fmt.Errorf("save page %q: %w", e.Slug, err)
	}
	if added != 1 {
		return ErrChanged.Because("page %q, version %d", e.Slug, e.Version)
	}
	if p.d.Notify != nil {
		if err := p.d.Notify(ctx, tx); err != nil {
			return err
		}
	}
	if p.d.Audit == nil {
		return nil
	}
	detail := map[string]any{
		"version":      e.Version + 1,
		"charactersZh": utf8.RuneCountInString(e.Body.Zh),
		"charactersEn": utf8.RuneCountInString(e.Body.En),
	}
	return p.d.Audit(ctx, tx, e.By, "site_page.save", "page:"+e.Slug, detail)
}

// checked is the text as it is kept: lines end as on this side of a browser, and nothing stands around it.
func checked(e Edit) (Edit, error) {
	if _, err := Template(e.Slug); err != nil {
		return e, err
	}
	if e.Version < 0 || e.Version >= math.MaxInt32 {
		return e, ErrChanged.Because("page %q, version %d", e.Slug, e.Version)
	}
	e.Body = e.Body.Map(cleaned)
	var wrong *fault.Fault
	for lang, body := range e.Body.All() {
		field := "body_" + lang.Code()
		switch {
		case utf8.RuneCountInString(body) > MaxBody:
			wrong = with(wrong, field, "site_page_too_long")
		case e.Body.IsZero():
			wrong = with(wrong, field, "site_page_empty")
		}
	}
	if wrong != nil {
		return e, wrong
	}
	return e, nil
}

func with(f *fault.Fault, field, slug string) *fault.Fault {
	if f == nil {
		f = ErrInvalid
	}
	return f.With(field, slug)
}

func cleaned(body string) string {
	body = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body)
	if textnorm.Key(body) == "" { // nothing that a reader would see
		return ""
	}
	return strings.TrimSpace(norm.NFC.String(body))
}
