package mall_test

import (
	"strconv"
	"testing"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/malltest"
	"videomall/mall/payment/sandbox"
	"videomall/mall/review"
)

// A revision goes from a creator's file through the review to what is sold, bought and found; an edit replaces what is found, and not
// what was bought.
func TestARevisionReachesBuyersAndTheSearch(t *testing.T) {
	t.Parallel()
	m := malltest.Listening(t)
	person := func(name, role string) account.User {
		t.Helper()
		u, err := m.Accounts.Provision(m.Ctx, account.User{Email: name + "@example.test", Name: name, Role: role}, "a password of "+name)
		m.OK(err)
		return u
	}
	maker, olga, oscar := person("maker", account.RoleCreator), person("olga", account.RoleOperator), person("oscar", account.RoleOperator)
	if maker.ID != 1 { // whom the catalogue of a test knows
		t.Fatalf("the maker is %d", maker.ID)
	}
	asset := malltest.Query[int64](m, `insert into media_asset (prefix, duration_seconds, renditions) values ('take', 65, '[]') returning id`)[0]
	video := malltest.Query[int64](m, `insert into media_video (owner_id, name, state, original, size, duration_seconds, width, height, asset_id, created_at, updated_at)
		values (1, 'take.mp4', 'ready', 'o', 1, 65, 1920, 1080, $1, now(), now()) returning id`, asset)[0]
	category := malltest.Query[int64](m, `select id from catalog_category`)[0]
	spu, err := m.Catalog.CreateListing(m.Ctx, 1, catalog.NewListing{Title: "Glacier", CategoryID: category, VideoID: video})
	m.OK(err)
	approved := func(title string, way catalog.Way) {
		t.Helper()
		e, err := m.Catalog.Editing(m.Ctx, 1, spu)
		m.OK(err)
		e.Content.TitleEn, e.Content.TitleZh, e.Content.Cover, e.Content.Ways = title, "冰川", "glacier", []catalog.Way{way}
		r, err := m.Catalog.Save(m.Ctx, 1, spu, catalog.Edit{Version: e.Version, Content: e.Content})
		m.OK(err)
		m.OK(m.Catalog.Submit(m.Ctx, 1, spu, r.Version))
		c, err := m.Reviews.Get(m.Ctx, malltest.Query[int64](m, `select id from review_case where revision_id = `+strconv.FormatInt(r.ID, 10))[0])
		m.OK(err)
		for _, by := range []int64{olga.ID, oscar.ID} { // the second one where the first is not enough
			if c.State == review.Open || c.State == review.Second {
				c, err = m.Reviews.Approve(m.Ctx, by, c.ID, c.Version)
				m.OK(err)
			}
		}
		if c.State != review.Approved {
			t.Fatalf("the case is %s", c.State)
		}
		m.Relayed()
	}
	finds := func(words string, want int) {
		t.Helper()
		found, err := m.Search.Query(m.Ctx, words, catalog.Filter{})
		m.OK(err)
		if len(found.Items) != want {
			t.Errorf("%q finds %d, want %d", words, len(found.Items), want)
		}
	}
	approved("Glacier", catalog.Way{Kind: catalog.KindOwn, Quality: catalog.QualityHD, Price: new(int64(990)), MaxPerOrder: 1, Limited: true, Units: 2})
	finds("glacier", 1)
	p, err := m.Catalog.ProductBySlug(m.Ctx, "glacier")
	m.OK(err)
	sku := p.SKUs[0].ID
	if *p.AssetID != asset || p.VideoID != video || p.DurationSeconds != 65 {
		t.Errorf("%+v", p)
	}
	if c, limited, err := m.Inventory.Counts(m.Ctx, sku); err != nil || !limited || c.Available != 2 {
		t.Errorf("%+v %v %v", c, limited, err)
	}
	o := m.Place(5, sku)
	m.Pay(o, sandbox.PayOptions{})
	deliverNotices(m)
	m.OK(m.Orders.Deliver(m.Ctx, o.OrderNo))

	approved("Icefall", catalog.Way{Kind: catalog.KindRent, Quality: catalog.QualityHD, RentHours: 48, Price: new(int64(300)), MaxPerOrder: 1})
	finds("icefall", 1)
	finds("glacier", 0)
	if offers, err := m.Catalog.Offers(m.Ctx, []int64{sku}); err != nil || len(offers) != 0 {
		t.Errorf("a retired SKU is offered: %v, %v", offers, err)
	}
	if held, err := m.Entitlements.Owned(m.Ctx, 5, []int64{spu}); err != nil || len(held[spu]) != 1 {
		t.Errorf("who bought it holds %v, %v", held, err)
	}
	m.OK(m.Catalog.TakeOff(m.Ctx, 1, spu))
	m.Relayed()
	finds("icefall", 0)
}
