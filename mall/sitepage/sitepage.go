// Package sitepage owns the pages that every shop has: terms, privacy, refund policy and contact. It keeps what
// operators write as Markdown, in both languages, each version for good, and knows the texts that stand there until
// somebody has adapted them. It refuses to know how Markdown is drawn.
package sitepage

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/sitepage/internal/dbsqlc"
)

// Tag is the cache tag of everything that shows one of these pages.
const Tag = "site_pages"

// The pages, by the last part of their addresses.
const (
	Terms   = "terms"
	Privacy = "privacy"
	Refunds = "refunds"
	Contact = "contact"
)

// Slugs are all pages, in the order in which they are listed.
func Slugs() []string { return []string{Terms, Privacy, Refunds, Contact} }

// MaxBody is how long a text may be in one language, in characters.
const MaxBody = 40_000

// maxVersions bounds the list of earlier versions.
const maxVersions = 50

// Why a page is not shown or saved. ErrInvalid has the fields body_zh and body_en.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "There is nothing here.")
	ErrInvalid  = fault.New(fault.Invalid, "site_page_invalid", "Some fields need another look.")
	ErrChanged  = fault.New(fault.Conflict, "site_page_changed", "Somebody else saved this page meanwhile.")
)

// Deps are what the pages stand on.
type Deps struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
	// Audit writes the save down in its transaction; nil writes nothing.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	// Notify tells every process, in the transaction of a save, that what is kept under Tag is stale; nil tells nobody.
	Notify func(ctx context.Context, tx pgx.Tx) error
	// Drop voids what this process keeps under Tag, after the save has committed, so that the operator sees it in the
	// next answer; nil where nothing is kept.
	Drop func(ctx context.Context)
}

// Pages reads and saves them.
type Pages struct {
	d Deps
	q *dbsqlc.Queries
}

// New needs a migrated database.
func New(d Deps) *Pages { return &Pages{d: d, q: dbsqlc.New()} }

// Page is the text of a page. One of the languages may be empty.
type Page struct {
	Slug    string
	Version int // 0 is the text that ships with the program
	Body    locale.Text
	SavedAt time.Time // zero for version 0
	SavedBy int64
}

// Adapted says that an operator has saved a text of the shop's own.
func (p Page) Adapted() bool { return p.Version > 0 }

// blank is a place in square brackets that is no Markdown link: "[name of the company]".
var blank = regexp.MustCompile(`\[[^\[\]\n]{1,200}\](?:[^(\[:]|$)`)

// Blanks counts the places in square brackets that are still to be filled in.
func (p Page) Blanks() int {
	n := 0
	for _, body := range p.Body.All() {
		n += len(blank.FindAllStringIndex(body, -1))
	}
	return n
}

//go:embed templates/*.md
var templates embed.FS

// Template is the text that ships with the program, as version 0. Errors: ErrNotFound.
func Template(slug string) (Page, error) {
	if !slices.Contains(Slugs(), slug) {
		return Page{}, ErrNotFound.Because("no page %q", slug)
	}
	var failed error
	body := locale.Make(func(l locale.Lang) string {
		text, err := templates.ReadFile("templates/" + slug + "." + string(l) + ".md")
		failed = errors.Join(failed, err)
		return string(text)
	})
	if failed != nil {
		return Page{}, fmt.Errorf("read the template of page %q: %w", slug, failed)
	}
	return Page{Slug: slug, Body: body}, nil
}

// Current is the page as it is shown. Errors: ErrNotFound.
func (p *Pages) Current(ctx context.Context, slug string) (Page, error) {
	template, err := Template(slug)
	if err != nil {
		return Page{}, err
	}
	row, err := p.q.Current(ctx, p.d.Pool, slug)
	if errors.Is(err, pgx.ErrNoRows) {
		return template, nil
	}
	if err != nil {
		return Page{}, fmt.Errorf("read page %q: %w", slug, err)
	}
	return pageOf(row), nil
}

// All are the pages as they are shown, in the order of Slugs.
func (p *Pages) All(ctx context.Context) ([]Page, error) {
	rows, err := p.q.CurrentOfAll(ctx, p.d.Pool)
	if err != nil {
		return nil, fmt.Errorf("read the pages: %w", err)
	}
	var all []Page
	for _, slug := range Slugs() {
		page, err := Template(slug)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if row.Slug == slug {
				page = pageOf(row)
			}
		}
		all = append(all, page)
	}
	return all, nil
}

// Version is an earlier text of the page; 0 is its template. Errors: ErrNotFound.
func (p *Pages) Version(ctx context.Context, slug string, version int) (Page, error) {
	if version == 0 {
		return Template(slug)
	}
	row, err := p.q.Version(ctx, p.d.Pool, dbsqlc.VersionParams{Slug: slug, Version: int32(version)})
	if errors.Is(err, pgx.ErrNoRows) {
		return Page{}, ErrNotFound.Because("page %q has no version %d", slug, version)
	}
	if err != nil {
		return Page{}, fmt.Errorf("read version %d of page %q: %w", version, slug, err)
	}
	return pageOf(row), nil
}

// Versions are the latest versions of the page, the newest first, without their texts.
func (p *Pages) Versions(ctx context.Context, slug string) ([]Page, error) {
	rows, err := p.q.Versions(ctx, p.d.Pool, dbsqlc.VersionsParams{Slug: slug, MaxRows: maxVersions})
	if err != nil {
		return nil, fmt.Errorf("list the versions of page %q: %w", slug, err)
	}
	list := make([]Page, len(rows))
	for i, row := range rows {
		list[i] = Page{
			Slug:    slug,
			Version: int(row.Version),
			SavedAt: row.SavedAt,
			SavedBy: row.SavedBy,
		}
	}
	return list, nil
}

func pageOf(row dbsqlc.SitePageVersion) Page {
	return Page{
		Slug:    row.Slug,
		Version: int(row.Version),
		Body:    locale.Text{Zh: row.BodyZh, En: row.BodyEn},
		SavedAt: row.SavedAt,
		SavedBy: row.SavedBy,
	}
}
