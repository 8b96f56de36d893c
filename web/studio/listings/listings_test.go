package listings_test

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"videomall/web/webtest"
)

func TestListings_create_and_submit(t *testing.T) {
	s := open(t)
	b := s.Browser(s.lin.ID)
	b.Get("/studio/listings").Wants(200).Shows("Nothing listed yet")
	b.Get("/studio/listings/new").Wants(200).Shows("take-1.mp4 · 1:05", "Films")
	b.Post("/studio/listings", url.Values{
		"title": {" "},
		"video": {"2"},
	}).Wants(422).Shows("Give it a title.", "Choose a category.", "There is no such file of yours.")
	here := s.begun(b, "1")
	b.Get(here).Wants(200).Shows("Draft", "One language is enough.", "Upload a cover.", "What does it cost?").
		Hides("Choose a video.")
	// Each missing field has an error, and what was typed is kept.
	lacking := b.Post(here,
		s.filled(b, here, "title_zh", "", "title_en", "", "price", "", "tags", "snow", "do", "submit")).Wants(422).
		Shows("Give it a title in at least one language.")
	if !lacking.Has(`id="title_en-error"`) || !lacking.Has(`id="price-0-error"`) ||
		lacking.Form(here).Get("tags") != "snow" {
		t.Errorf("form lacks the errors or the typed tags: %s", lacking.Text())
	}
	s.submitted(b, here)
	b.Get(here).Wants(200).Shows("In review", "Take back").Hides("Submit for review")
	b.Get("/v/aurora").Wants(404)
	s.approve(here)
	b.Get("/v/aurora").Wants(200).Shows("Aurora", "极光", "Night.", "CN¥30.00", "winter")
	b.Get(here).Wants(200).Shows("On sale", "See its page", "Take off sale")
	b.Get("/studio/listings?state=live").Wants(200).Shows("Aurora", "CN¥30.00")
	b.Get("/studio/listings?state=draft").Wants(200).Shows("None in this state")
	// An edit changes the product only once it is approved.
	s.submitted(b, here, "title_en", "Aurora II")
	b.Get("/v/aurora").Wants(200).Shows("Aurora").Hides("Aurora II")
	b.Post(here+"/withdraw", b.Get(here).Form(here+"/withdraw")).Wants(303)
	b.Get(here).Wants(200).Shows("It is back with you.", "Submit for review")
	b.Post(here+"/take-off", url.Values{}).Wants(303)
	b.Get("/v/aurora").Wants(404)
	b.Post(here+"/put-back", url.Values{}).Wants(303)
	b.Get("/v/aurora").Wants(200)
	b.Lang = "zh-CN"
	b.Get(here).Wants(200).Shows("在售", "购买方式", "提交审核")
}

func TestListings_free_minutes(t *testing.T) {
	s := open(t)
	b := s.Browser(s.lin.ID)
	here := s.begun(b, "1")
	for typed, says := range map[string]string{
		"many": "Type minutes, up to 30", "31": "Type minutes, up to 30",
		"1:75": "Type minutes, up to 30", "-1": "Type minutes, up to 30",
	} {
		back := b.Post(here, s.filled(b, here, "free", typed, "do", "save")).Wants(422).Shows(says)
		if got := back.Form(here).Get("free"); got != typed {
			t.Errorf("free minutes in the form: got %q, want %q as typed", got, typed)
		}
	}
	// The video lasts 65 s.
	b.Post(here, s.filled(b, here, "free", "1", "do", "submit")).Wants(422).
		Shows("At least ten seconds of the video must be left to buy.")
	s.submitted(b, here, "free", "0:40")
	b.Get(here + "/preview").Wants(200).Shows("Watch the first 40 seconds free")
	s.approve(here)
	if got := b.Get(here).Form(here).Get("free"); got != "0:40" {
		t.Errorf("free minutes in the form: got %q, want 0:40", got)
	}
	if a := s.Browser(0).Get("/v/aurora").Wants(200).
		Shows("Watch the first 40 seconds free"); !a.Has(`href="/try/aurora"`) {
		t.Error("product page lacks the link to the free minutes")
	}
}

func TestListings_autosave_and_conflict(t *testing.T) {
	s := open(t)
	b := s.Browser(s.lin.ID)
	here := s.begun(b, "1")
	one, two := s.filled(b, here, "title_en", "From one"), s.filled(b, here, "title_en", "From two")
	for _, title := range []string{"From one", "From one, again"} {
		one.Set("title_en", title)
		a := b.HTMX(here+"/autosave", one).Wants(200).Shows("Saved ")
		if !a.Has(`id="version"`) || !a.Has(`hx-swap-oob="true"`) || !a.Has(`id="checklist"`) {
			t.Errorf("answer of the autosave lacks the version or the checklist: %s", a.Body)
		}
	}
	b.HTMX(here+"/autosave", two).Wants(409).Shows("Not saved: this listing was changed elsewhere")
	late := b.Post(here, two).Wants(409).Shows("Somebody saved this listing meanwhile")
	if got := late.Form(here); got.Get("title_en") != "From two" {
		t.Errorf("form after the conflict: got %v, want what was typed", got)
	}
	one.Set("price", "cheap")
	b.HTMX(here+"/autosave", one).Wants(422).
		Shows("Not saved yet:", "Way to buy 1, Price in yuan: Type a price such as 9.90")
	one.Set("price", "30")
	b.Post(here, one).Wants(303) // its own autosaves are no conflict, although the form has an older version
	b.HTMX(here+"/autosave", one).Wants(409)
	if got := b.Get(here).Form(here).Get("title_en"); got != "From one, again" {
		t.Errorf("saved title: got %q, want \"From one, again\"", got)
	}
}

func TestListings_access(t *testing.T) {
	s := open(t)
	lin, wu := s.Browser(s.lin.ID), s.Browser(s.wu.ID)
	here := s.begun(lin, "1")
	s.submitted(lin, here)
	s.approve(here)
	sku := strconv.FormatInt(webtest.Query[int64](s.Mall, `select id from video_product_sku`)[0], 10)
	price := strconv.FormatInt(webtest.Query[int64](s.Mall, `select id from sku_price`)[0], 10)
	own := s.begun(wu, "2")
	for _, path := range []string{"", "/preview", "/prices"} {
		wu.Get(here + path).Wants(404)
		wu.Get("/studio/listings/987654" + path).Wants(404)
		s.Browser(s.shoppy.ID).Get(here + path).Wants(404)
		s.Browser(0).Get(here + path).Wants(303)
	}
	form := url.Values{"sku": {sku}, "amount": {"1"}, "units": {"5"}, "version": {"3"}, "title_en": {"Mine now"}}
	for _, path := range []string{
		"", "/autosave", "/withdraw", "/take-off", "/put-back", "/delete", "/prices",
		"/stock", "/prices/" + price + "/cancel",
	} {
		wu.Post(here+path, form).Wants(404)
	}
	// An own listing gives no access, either.
	for _, path := range []string{"/prices", "/stock", "/prices/" + price + "/cancel"} {
		wu.Post(own+path, form).Wants(404)
	}
	wu.Get("/studio/listings").Wants(200)
	lin.Get("/v/aurora").Wants(200).Shows("CN¥30.00")
}

func TestListings_escape_text(t *testing.T) {
	s := open(t)
	b := s.Browser(s.lin.ID)
	here := s.begun(b, "1")
	const evil = `<script>alert(1)</script>"><img src=x onerror=alert(2)>`
	s.submitted(b, here, "title_en", evil, "title_zh", evil, "description_en", evil, "tags", "<img src=x>")
	for _, path := range []string{"/studio/listings", here, here + "/preview"} {
		if a := b.Get(path).Wants(200); a.Has("<script>alert") || a.Has("<img src=x") {
			t.Errorf("%s does not escape the text", path)
		}
	}
	s.approve(here)
	if a := b.Get("/v/aurora").Wants(200).Shows(evil); a.Has("<script>alert") || a.Has("<img src=x") {
		t.Error("product page does not escape the text")
	}
}

func TestListings_preview(t *testing.T) {
	s := open(t)
	b := s.Browser(s.lin.ID)
	here := s.begun(b, "1")
	b.Post(here, s.filled(b, here, "do", "save")).Wants(303)
	a := b.Get(here+"/preview").Wants(200).
		Shows("Preview:", "Aurora", "极光", "Night.", "CN¥30.00", "Buy now", "1 minute 5 seconds").
		Hides("Nobody has reviewed this yet.")
	if !regexp.MustCompile(`value="/checkout"[^>]*disabled`).MatchString(a.Body) {
		t.Error("buy button of a preview is not disabled")
	}
}

func TestPrices_schedule_and_cancel(t *testing.T) {
	s := open(t)
	b := s.Browser(s.lin.ID)
	here := s.begun(b, "1")
	s.submitted(b, here, "limited", "on", "units", "7")
	s.approve(here)
	sku := strconv.FormatInt(webtest.Query[int64](s.Mall, `select id from video_product_sku`)[0], 10)
	prices := here + "/prices"
	b.Get(prices).Wants(200).Shows("CN¥30.00", "Now", "by you", "7 left, 0 in open orders, 0 sold")
	later := s.Now().UTC().Add(48 * time.Hour).Format("2006-01-02T15:04")
	form := url.Values{"sku": {sku}, "amount": {"20"}, "from": {later}}
	b.Post(prices, form).Wants(303)
	b.Get(prices).Wants(200).Shows("CN¥20.00", "Scheduled", "Call off")
	b.Post(prices, form).Wants(422).Shows("Another price is set for that time already.")
	for _, c := range []struct{ field, value, says string }{
		{"amount", "", "What does it cost?"},
		{"amount", "much", "Type a price such as 9.90"},
		{"list", "1", "It must be above the price."},
		{"from", "soon", "Give a date and a time."},
		{"until", "2020-01-01T00:00", "The end must come after the start."},
	} {
		wrong := url.Values{"sku": {sku}, "amount": {"20"}}
		wrong.Set(c.field, c.value)
		b.Post(prices, wrong).Wants(422).Shows(c.says)
	}
	id := strconv.FormatInt(webtest.Query[int64](s.Mall, `select id from sku_price where amount = 2000`)[0], 10)
	b.Post(prices+"/"+id+"/cancel", url.Values{}).Wants(303)
	b.Get(prices).Wants(200).Shows("Called off").Hides("Scheduled")
	b.Post(here+"/stock", url.Values{"sku": {sku}, "units": {"9"}}).Wants(303)
	b.Get(prices).Wants(200).Shows("9 left")
	b.Post(here+"/stock", url.Values{"sku": {sku}, "units": {"-1"}}).Wants(422).Shows("Type a number up to 1,000,000.")
}

func TestListings_add_and_remove_SKUs(t *testing.T) {
	s := open(t)
	b := s.Browser(s.lin.ID)
	here := s.begun(b, "1")
	more := b.Post(here, s.filled(b, here, "do", "add")).Wants(200)
	if v := more.Form(here); len(v["kind"]) != 2 || v["price"][0] != "30" || v["hours"][1] != "48" {
		t.Errorf("form after adding a SKU: got %v", v)
	}
	v := more.Form(here)
	v["price"][1] = "5"
	v.Set("do", "remove-0")
	less := b.Post(here, v).Wants(200).Form(here)
	if len(less["kind"]) != 1 || less.Get("kind") != "rent" || less.Get("price") != "5" {
		t.Errorf("form after removing a SKU: got %v, want only the rental", less)
	}
	less.Set("quality", "4K")
	less.Set("do", "submit")
	b.Post(here, less).Wants(422).Shows("This video has too few lines to be sold in 4K")
}

func TestSeries_page(t *testing.T) {
	s := open(t)
	b := s.Browser(s.lin.ID)
	b.Post("/studio/listings/series", url.Values{"slug": {"No Way"}}).Wants(422).
		Shows("Give it a title in at least one language.", "Use small letters")
	b.Post("/studio/listings/series", url.Values{
		"title_en": {"Nights"},
		"title_zh": {"夜"},
		"slug":     {"nights"},
	}).Wants(303)
	b.Get("/studio/listings/series").Wants(200).Shows("Nights", "/series/nights")
	b.Get("/series/nights").Wants(404)
	series := strconv.FormatInt(webtest.Query[int64](s.Mall, `select id from catalog_series`)[0], 10)
	for _, n := range []string{"2", "1"} {
		here := s.begun(b, "1")
		s.submitted(b, here, "slug", "night-"+n, "title_en", "Night "+n, "series", series, "episode", n)
		s.approve(here)
	}
	b.Get("/series/nights").Wants(200).Shows("Nights", "2 episodes", "Night 1", "Night 2")
	b.Get("/v/night-2").Wants(200).Shows("Part of “Nights”, episode 2", "Episode 1 Night 1 Episode 2 Night 2")
}

func TestListings_keep_earlier_cover(t *testing.T) {
	s := open(t)
	b := s.Browser(s.lin.ID)
	first, second := strings.Repeat("a", 26), strings.Repeat("b", 26)
	page := b.Get("/studio/listings/new?video=1&cover=" + first).Wants(200)
	form := page.Form("/studio/listings")
	if form.Get("cover") != first || form.Get("video") != "1" || !page.Has("/media/covers/"+first+"-480.webp") {
		t.Fatalf("form with a video and a cover: got %v, or the page lacks the cover", form)
	}
	page.Hides("a listing that you have")
	// The form has no title.
	if form = b.Post("/studio/listings", form).Wants(422).Form("/studio/listings"); form.Get("cover") != first {
		t.Fatalf("form after an error: got %v, want the cover kept", form)
	}
	form.Set("title", "Aurora")
	form.Set("category", strconv.FormatInt(webtest.Query[int64](s.Mall, `select id from catalog_category`)[0], 10))
	here := b.Post("/studio/listings", form).Wants(303).Location
	kept := func() string { return b.Get(here).Wants(200).Form(here).Get("cover") }
	if got := kept(); got != first {
		t.Fatalf("cover of the new listing: got %q, want the first one", got)
	}
	there := here + "?cover=" + second
	if page := b.Get("/studio/listings/new?video=1&cover=" + second).Wants(200).
		Shows("a listing that you have"); !page.Has(`href="` + there + `"`) {
		t.Error("page lacks the link to the existing listing")
	}
	if page := s.Browser(s.wu.ID).Get("/studio/listings/new?cover=" + second).Wants(200); page.Has(here) {
		t.Error("page shows a listing of another creator")
	}
	form = b.Get(there).Wants(200).Form(here)
	if got := kept(); form.Get("cover") != second || got != first {
		t.Errorf("cover before saving: got %q in the form and %q saved, want the second and the first",
			form.Get("cover"), got)
	}
	b.Post(here, form).Wants(303)
	if got := kept(); got != second {
		t.Errorf("cover after saving: got %q, want the second one", got)
	}
	form = b.Get("/studio/listings/new?cover=..%2Fx").Wants(200).Form("/studio/listings")
	form.Set("title", "Borealis")
	form.Set("category", strconv.FormatInt(webtest.Query[int64](s.Mall, `select id from catalog_category`)[0], 10))
	odd := b.Post("/studio/listings", form).Wants(303).Location
	if got := b.Get(odd).Wants(200).Form(odd).Get("cover"); got != "" {
		t.Errorf("invalid cover: got %q, want none", got)
	}
}

func TestListings_delete_draft(t *testing.T) {
	s := open(t)
	b := s.Browser(s.lin.ID)
	here := s.begun(b, "1")
	b.Post(here+"/delete", b.Get(here).Form(here+"/delete")).Wants(303)
	b.Get("/studio/listings").Wants(200).Shows("The draft is deleted.")
	b.Get(here).Wants(404)
	kept := s.begun(b, "1")
	s.submitted(b, kept)
	b.Post(kept+"/delete", url.Values{}).Wants(303)
	b.Get(kept).Wants(200).Shows("In review")
}
