package sitepage_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db/dbtest"
	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/sitepage"
)

// office is a set of pages, with what its saves told others.
type office struct {
	*sitepage.Pages
	pool    *pgxpool.Pool
	mu      sync.Mutex
	audited []string
	refuse  error // of the audit log
}

func open(t *testing.T) *office {
	t.Helper()
	t.Parallel()
	o := &office{pool: dbtest.New(t)}
	o.Pages = sitepage.New(sitepage.Deps{
		Pool: o.pool,
		Now:  func() time.Time { return time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC) },
		Audit: func(_ context.Context, _ pgx.Tx, _ int64, verb, subject string, _ any) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.audited = append(o.audited, verb+" "+subject)
			return o.refuse
		},
	})
	return o
}

func TestPages_Save(t *testing.T) {
	o, ctx := open(t), t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := o.Current(ctx, sitepage.Terms)
	must(err)
	if p.Adapted() || p.Blanks() == 0 || !strings.Contains(p.Body.En, "Sample text") ||
		!strings.Contains(p.Body.Zh, "示例文本") {
		t.Fatalf("before the first save: %+v", p)
	}
	must(o.Save(ctx, sitepage.Edit{
		Slug: sitepage.Terms,
		Body: locale.Text{En: "\r\nOne.\r\n\r\nTwo.\r\n"},
		By:   7,
	}))
	p, err = o.Current(ctx, sitepage.Terms)
	must(err)
	if p.Version != 1 || p.Body.En != "One.\n\nTwo." || p.Body.Zh != "" || p.SavedBy != 7 || p.SavedAt.IsZero() ||
		p.Blanks() != 0 {
		t.Errorf("%+v", p)
	}
	must(o.Save(ctx, sitepage.Edit{
		Slug:    sitepage.Terms,
		Version: 1,
		Body:    locale.Text{En: "One.\n\nTwo."},
		By:      8,
	})) // the same again
	must(o.Save(ctx, sitepage.Edit{
		Slug:    sitepage.Terms,
		Version: 1,
		Body:    locale.Text{Zh: "三。", En: "Three."},
		By:      8,
	}))
	err = o.Save(ctx, sitepage.Edit{
		Slug:    sitepage.Terms,
		Version: 1,
		Body:    locale.Text{En: "From a second tab."},
		By:      7,
	})
	if !errors.Is(err, sitepage.ErrChanged) {
		t.Errorf("an old version was edited: %v", err)
	}
	for _, version := range []int{-1, 3, 1 << 40} {
		if err := o.Save(ctx, sitepage.Edit{
			Slug:    sitepage.Terms,
			Version: version,
			Body:    locale.Text{En: "x"},
		}); !errors.Is(err, sitepage.ErrChanged) {
			t.Errorf("version %d does not exist, and saving from it: %v", version, err)
		}
	}
	p, err = o.Current(ctx, sitepage.Terms)
	must(err)
	if p.Version != 2 || p.Body.En != "Three." || p.Body.Zh != "三。" {
		t.Errorf("%+v", p)
	}
	if len(o.audited) != 2 || o.audited[0] != "site_page.save page:terms" {
		t.Errorf("the audit log has %q", o.audited)
	}
	if first, err := o.Version(ctx, sitepage.Terms, 1); err != nil || first.Body.En != "One.\n\nTwo." {
		t.Errorf("the earlier version is %+v %v", first, err)
	}
	if list, err := o.Versions(ctx, sitepage.Terms); err != nil || len(list) != 2 || list[0].Version != 2 ||
		list[1].SavedBy != 7 {
		t.Errorf("versions: %+v %v", list, err)
	}
	all, err := o.All(ctx)
	must(err)
	if len(all) != 4 || all[0].Version != 2 || all[1].Adapted() || all[3].Slug != sitepage.Contact {
		t.Errorf("all pages: %+v", all)
	}
	o.refuse = errors.New("the log is shut")
	if err := o.Save(ctx, sitepage.Edit{
		Slug: sitepage.Contact,
		Body: locale.Text{En: "x"},
	}); !errors.Is(err, o.refuse) {
		t.Errorf("the page was saved without an entry in the audit log: %v", err)
	}
	if p, err = o.Current(ctx, sitepage.Contact); err != nil || p.Adapted() {
		t.Errorf("the page that was not saved is shown: %+v %v", p, err)
	}
}

func TestPages_Save_refused(t *testing.T) {
	o := open(t)
	long := strings.Repeat("文", sitepage.MaxBody)
	for name, c := range map[string]struct {
		zh, en string
		fields map[string]string
	}{
		"nothing": {
			"", "",
			map[string]string{"body_zh": "site_page_empty", "body_en": "site_page_empty"},
		},
		"spaces and the unseen": {
			" \r\n\t", "\u200b\u3000",
			map[string]string{"body_zh": "site_page_empty", "body_en": "site_page_empty"},
		},
		"one character too many": {long + "字", "x", map[string]string{"body_zh": "site_page_too_long"}},
		"the longest":            {long, long, nil},
	} {
		err := o.Save(t.Context(), sitepage.Edit{
			Slug: sitepage.Privacy,
			Body: locale.Text{Zh: c.zh, En: c.en},
		})
		if c.fields == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		got := fault.From(err)
		if !errors.Is(err, sitepage.ErrInvalid) || len(got.Fields) != len(c.fields) {
			t.Errorf("%s: %v %v", name, err, got.Fields)
		}
		for field, slug := range c.fields {
			if got.Fields[field] != slug {
				t.Errorf("%s: %s is %q, want %q", name, field, got.Fields[field], slug)
			}
		}
	}
	err := o.Save(t.Context(), sitepage.Edit{Slug: "imprint", Body: locale.Text{En: "x"}})
	if !errors.Is(err, sitepage.ErrNotFound) {
		t.Errorf("a page that does not exist: %v", err)
	}
}

// TestPages_Save_at_once has ten operators save the same version: one of them wins, and the others are told.
func TestPages_Save_at_once(t *testing.T) {
	o := open(t)
	var saved, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			body := locale.Text{En: strings.Repeat("x", n+1)}
			err := o.Save(t.Context(), sitepage.Edit{Slug: sitepage.Refunds, Body: body})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				saved++
			case errors.Is(err, sitepage.ErrChanged):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list, err := o.Versions(t.Context(), sitepage.Refunds); saved != 1 || refused != 9 || err != nil ||
		len(list) != 1 {
		t.Errorf("%d saved, %d refused, versions %+v %v", saved, refused, list, err)
	}
}

func TestPage_Blanks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 0, "No blank.": 0, "[name]": 1, "from [name], [address]": 2, "[words](/terms)": 0,
		"[words](/terms) and [name]": 1,
		"[ref]: https://a.example":   0, "[公司名称]": 1, "[two\nlines]": 0, "[]": 0,
	} {
		if got := (sitepage.Page{Body: locale.Text{En: text}}).Blanks(); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestTemplate holds that each page ships in both languages, says that it is a sample, and leads only to pages of the
// shop.
func TestTemplate(t *testing.T) {
	t.Parallel()
	for _, slug := range sitepage.Slugs() {
		p, err := sitepage.Template(slug)
		if err != nil || p.Adapted() {
			t.Fatalf("%s: %+v %v", slug, p, err)
		}
		if !strings.HasPrefix(p.Body.En, "> **Sample text.**") || !strings.HasPrefix(p.Body.Zh, "> **示例文本。**") {
			t.Errorf("%s does not say that it is a sample", slug)
		}
		if p.Blanks() == 0 || strings.Count(p.Body.En, "\n## ") != strings.Count(p.Body.Zh, "\n## ") {
			t.Errorf("%s: %d places to fill in, %d and %d parts", slug, p.Blanks(), strings.Count(p.Body.En, "\n## "),
				strings.Count(p.Body.Zh, "\n## "))
		}
	}
}
