package mall_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/malltest"
	"videomall/mall/payment/sandbox"
)

// A revision goes from a creator's file through the review to what is sold, bought and found; an edit replaces what is found, and not
// what was bought.
func TestARevisionReachesBuyersAndTheSearch(t *testing.T) {
	t.Parallel()
	m := malltest.Listening(t)
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
		var made []catalog.Change
		m.OK(db.InTx(m.Ctx, m.Pool, func(tx pgx.Tx) (err error) { made, err = m.Catalog.ApproveTx(m.Ctx, tx, r.ID); return err }))
		m.Catalog.Forget(m.Ctx, made)
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
