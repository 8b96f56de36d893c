package subscriber_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/payment/sandbox"
	"videomall/mall/review"
)

// creator is a mall with a creator who has a video, and two operators.
type creator struct {
	*malltest.Mall
	olga, oscar    account.User
	category       int64
	video, assetID int64
}

func making(t *testing.T) *creator {
	t.Helper()
	t.Parallel()
	m := &creator{Mall: malltest.Listening(t)}
	person := func(name, role string) account.User {
		t.Helper()
		u, err := m.Accounts.Provision(m.Ctx, account.User{
			Email: name + "@example.test",
			Name:  name,
			Roles: account.RolesOf(role),
		}, "a password of "+name)
		m.OK(err)
		return u
	}
	if u := person("creator", account.RoleCreator); u.ID != 1 { // whom the catalogue of a test knows
		t.Fatalf("the creator is %d", u.ID)
	}
	m.olga, m.oscar = person("olga", account.RoleOperator), person("oscar", account.RoleOperator)
	m.assetID = malltest.Query[int64](m.Mall, `insert into media_asset (prefix, duration_seconds, renditions)
		values ('take', 65, '[]') returning id`)[0]
	m.video = malltest.Query[int64](m.Mall, `insert into media_video (owner_id, name, state, original, size,
		duration_seconds, width, height, asset_id, created_at, updated_at)
		values (1, 'take.mp4', 'ready', 'o', 1, 65, 1920, 1080, $1, now(), now()) returning id`, m.assetID)[0]
	m.category = malltest.Query[int64](m.Mall, `select id from catalog_category`)[0]
	return m
}

// begun is a new listing of the video.
func (m *creator) begun(title string) int64 {
	m.T.Helper()
	spu, err := m.Listings.Create(m.Ctx, 1, listing.NewDraft{
		Title:      locale.Text{En: title},
		CategoryID: m.category,
		VideoID:    m.video,
	})
	m.OK(err)
	return spu
}

// submitted writes a listing's texts and its way to buy it, and hands it in.
func (m *creator) submitted(spu int64, title string, sku listing.SKU) review.Case {
	m.T.Helper()
	e, err := m.Listings.Editing(m.Ctx, 1, spu)
	m.OK(err)
	e.Content.Title.En = title
	e.Content.Title.Zh = "冰川"
	e.Content.Cover = "glacier"
	e.Content.SKUs = []listing.SKU{sku}
	r, err := m.Listings.Save(m.Ctx, 1, spu, listing.Edit{Version: e.Version, Content: e.Content})
	m.OK(err)
	m.OK(m.Listings.Submit(m.Ctx, 1, spu, r.Version))
	c, err := m.Reviews.Get(m.Ctx,
		malltest.Query[int64](m.Mall, `select id from review_case where revision_id = `+strconv.FormatInt(r.ID, 10))[0])
	m.OK(err)
	return c
}

// approved lets a case pass, by a second operator where the first is not enough.
func (m *creator) approved(c review.Case) {
	m.T.Helper()
	var err error
	for _, by := range []int64{m.olga.ID, m.oscar.ID} {
		if c.State == review.Open || c.State == review.Second {
			c, err = m.Reviews.Approve(m.Ctx, by, c.ID, c.Version)
			m.OK(err)
		}
	}
	if c.State != review.Approved {
		m.T.Fatalf("the case is %s", c.State)
	}
	m.Relayed()
}

// A revision goes from a creator's file through the review to what is sold, bought and found; an edit replaces what is
// found, and not what was bought.
func TestSubscribe_revision_approved(t *testing.T) {
	m := making(t)
	finds := func(words string, want int) {
		t.Helper()
		found, err := m.Search.Query(m.Ctx, words, catalog.Filter{})
		m.OK(err)
		if len(found.Items) != want {
			t.Errorf("%q finds %d, want %d", words, len(found.Items), want)
		}
	}
	spu := m.begun("Glacier")
	m.approved(m.submitted(spu, "Glacier", listing.SKU{
		Kind:        catalog.KindOwn,
		Quality:     catalog.QualityHD,
		Price:       new(int64(990)),
		MaxPerOrder: 1,
		Limited:     true,
		Units:       2,
	}))
	finds("glacier", 1)
	p, err := m.Catalog.ProductBySlug(m.Ctx, "glacier")
	m.OK(err)
	sku := p.SKUs[0].ID
	if *p.AssetID != m.assetID || p.VideoID != m.video || p.DurationSeconds != 65 {
		t.Errorf("%+v", p)
	}
	if c, limited, err := m.Inventory.Counts(m.Ctx, sku); err != nil || !limited || c.Available != 2 {
		t.Errorf("%+v %v %v", c, limited, err)
	}
	o := m.Place(5, sku)
	m.Pay(o, sandbox.PayOptions{})
	m.DeliverNotices()
	m.OK(m.Orders.Deliver(m.Ctx, o.OrderNo))

	m.approved(m.submitted(spu, "Icefall", listing.SKU{
		Kind:        catalog.KindRent,
		Quality:     catalog.QualityHD,
		RentHours:   48,
		Price:       new(int64(300)),
		MaxPerOrder: 1,
	}))
	finds("icefall", 1)
	finds("glacier", 0)
	if offers, err := m.Catalog.Offers(m.Ctx, []int64{sku}); err != nil || len(offers) != 0 {
		t.Errorf("a retired SKU is offered: %v, %v", offers, err)
	}
	if held, err := m.Entitlements.Owned(m.Ctx, 5, []int64{spu}); err != nil || len(held[spu]) != 1 {
		t.Errorf("the buyer holds %v, %v", held, err)
	}
	m.OK(m.Listings.TakeOff(m.Ctx, 1, spu))
	m.Relayed()
	finds("icefall", 0)
}

// What was returned waits again as it was when its creator is heard; what they wrote since is not thrown away for it.
func TestSubscribe_appeal_granted(t *testing.T) {
	m := making(t)
	sku := listing.SKU{
		Kind:        catalog.KindOwn,
		Quality:     catalog.QualityHD,
		Price:       new(int64(990)),
		MaxPerOrder: 1,
	}
	spu := m.begun("Glacier")
	appealed := func(title string) (review.Case, review.Appeal) {
		t.Helper()
		c := m.submitted(spu, title, sku)
		c, err := m.Reviews.Return(m.Ctx, m.olga.ID, c.ID, c.Version, review.Verdict{
			Causes: review.Causes()[:1],
			Note:   "the title says little",
		})
		m.OK(err)
		a, err := m.Reviews.Appeal(m.Ctx, 1, spu, "it says all that there is")
		m.OK(err)
		return c, a
	}
	c, a := appealed("Glacier")
	m.OK(m.Reviews.Answer(m.Ctx, m.oscar.ID, a.ID, true, ""))
	if states := malltest.Query[string](m.Mall, `select state || ' ' || status || ' ' || note from catalog_revision r
		join video_product_spu s on s.id = r.spu_id`); len(states) != 1 || states[0] != "in_review in_review " {
		t.Fatalf("the listing stands as %q", states)
	}
	c, err := m.Reviews.Get(m.Ctx, c.ID)
	m.OK(err)
	m.approved(c)
	p, err := m.Catalog.ProductBySlug(m.Ctx, "glacier")
	m.OK(err)
	if p.Title.En != "Glacier" {
		t.Errorf("what is on sale is %q", p.Title.En)
	}

	_, a = appealed("Icefall")
	e, err := m.Listings.Editing(m.Ctx, 1, spu)
	m.OK(err)
	e.Content.Title.En = "Icefall at noon"
	_, err = m.Listings.Save(m.Ctx, 1, spu, listing.Edit{Version: e.Version, Content: e.Content})
	m.OK(err)
	if err := m.Reviews.Answer(m.Ctx, m.oscar.ID, a.ID, true, ""); !errors.Is(err, listing.ErrRevisionMoved) {
		t.Fatalf("an appeal for a revision that was edited since: %v", err)
	}
	if state := malltest.Query[string](m.Mall,
		`select state from review_appeal order by id desc limit 1`)[0]; state != review.AppealOpen {
		t.Errorf("the appeal that could not be granted is %s", state)
	}
	if e, err = m.Listings.Editing(m.Ctx, 1, spu); err != nil || e.Content.Title.En != "Icefall at noon" ||
		e.State != listing.RevisionDraft {
		t.Errorf("the draft is %q, %s, %v", e.Content.Title.En, e.State, err)
	}
	m.OK(m.Reviews.Answer(m.Ctx, m.oscar.ID, a.ID, false, "the new one will be looked at"))
}

// A reviewer sees, and the words on the list are looked for in, all that buyers will read: the series, the address and
// the price that is struck out, too.
func TestListings_Submit_content_for_reviewers(t *testing.T) {
	m := making(t)
	m.OK(m.Reviews.AddWord(m.Ctx, m.olga.ID, "roulette", 40))
	series, err := m.Listings.CreateSeries(m.Ctx, 1, listing.NewSeries{
		Slug:  "nights",
		Title: locale.Text{Zh: "夜", En: "Roulette nights"},
	})
	m.OK(err)
	spu := m.begun("Glacier")
	e, err := m.Listings.Editing(m.Ctx, 1, spu)
	m.OK(err)
	e.Content.SeriesID = series
	e.Content.Episode = 3
	e.Content.Slug = "a-glacier"
	_, err = m.Listings.Save(m.Ctx, 1, spu, listing.Edit{Version: e.Version, Content: e.Content})
	m.OK(err)
	c := m.submitted(spu, "Glacier", listing.SKU{
		Kind:        catalog.KindOwn,
		Quality:     catalog.QualityHD,
		Price:       new(int64(900)),
		List:        new(int64(99900)),
		MaxPerOrder: 1,
	})
	n := c.Content
	if n.Series.En != "Roulette nights" || n.Series.Zh != "夜" || n.Episode != 3 || n.Slug != "a-glacier" ||
		len(n.Prices) != 1 || n.Prices[0].List == nil || n.Prices[0].List.Amount != 99900 {
		t.Errorf("the reviewers read %+v", n)
	}
	if !slices.ContainsFunc(c.Reasons, func(r review.Reason) bool {
		return slices.Equal(r.Words, []string{"roulette"})
	}) {
		t.Errorf("reasons %+v", c.Reasons)
	}
}
