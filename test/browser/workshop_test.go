package browser_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/media"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/mall/review"
	"videomall/mall/webhook"
)

// names are the names of the people and things of a workshop.
type names struct {
	account     string // of the creator
	creator     locale.Text
	file, tag   string
	title       locale.Text
	buyer, said string
}

var ordinary = names{
	account: "Dawn 晨",
	creator: locale.Text{Zh: "晨光影业", En: "Dawn Films"},
	file:    "dawn over the harbour.mp4",
	title:   locale.Text{Zh: "港口的黎明", En: "Dawn over the harbour"},
	tag:     "harbour",
	buyer:   "Sam",
	said:    "The light!",
}

// workshop is a creator with a listing in each state, and the operators who review them.
type workshop struct {
	names
	creator             account.User
	operator, second    account.User
	buyer               account.User
	slug                string // of the live listing
	video               int64
	waiting, live, down int64 // listings
	reviewed            int64 // the case of the waiting listing
	orderNo             string
	coupon, endpoint    int64
	payout              int64
	shop                shop
}

// workshop fills the pages of the studio and of the console by the methods that their buttons call.
func (h *house) workshop(t *testing.T) *workshop { return h.workshopOf(t, ordinary) }

func (h *house) workshopOf(t *testing.T, called names) *workshop {
	t.Helper()
	ctx, name := t.Context(), strings.ToLower(rand.Text()[:8])
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w := &workshop{
		names:    called,
		creator:  h.account(t, called.account, account.RoleCreator),
		operator: h.account(t, "Ada", account.RoleOperator),
		second:   h.account(t, "Olga", account.RoleOperator),
		buyer:    h.account(t, called.buyer, account.RoleShopper),
	}
	ok(h.Catalog.CreateCreator(ctx, catalog.NewCreator{
		UserID: w.creator.ID,
		Slug:   "dawn-" + name,
		Name:   called.creator,
	}))

	content, err := os.ReadFile(clip(t, "mandelbrot"))
	ok(err)
	up, err := h.Media.Uploads.Begin(ctx, w.creator.ID, media.NewUpload{
		Name: called.file,
		Type: "video/mp4",
		Size: int64(len(content)),
	})
	ok(err)
	up, err = h.Media.Uploads.Write(ctx, w.creator.ID, up.ID, 0, bytes.NewReader(content), int64(len(content)))
	ok(err)
	w.video = *up.VideoID
	eventually(t, "the video is packaged", func() bool {
		v, err := h.Media.Videos.Get(ctx, w.creator.ID, w.video)
		return err == nil && v.State == media.VideoReady
	})

	w.live, w.down = h.onSale(t, w, name+"-1", 0), h.onSale(t, w, name+"-2", 0)
	w.waiting = h.submits(t, w, name+"-3", 0)
	w.reviewed = h.caseOf(t, w.waiting).ID

	buyer := w.buyer
	p, err := h.Catalog.FindByID(ctx, w.live)
	ok(err)
	w.slug = p.Slug
	detail, err := h.Catalog.ProductBySlug(ctx, p.Slug)
	ok(err)
	w.orderNo = h.bought(t, buyer.ID, detail.SKUs[0].ID).OrderNo
	h.refund(t, h.bought(t, h.account(t, "Kim", account.RoleShopper).ID, detail.SKUs[0].ID).OrderNo)
	_, err = h.Catalog.AddReview(ctx, catalog.NewReview{
		SPUID:  w.live,
		UserID: buyer.ID,
		Owned:  true,
		Author: called.buyer,
		Rating: 4,
		Body:   called.said,
		Locale: "en",
	})
	ok(err)
	eventually(t, "the sale is booked", func() bool {
		return h.count(t, `select count(*) from ledger_earning where creator_id = $1`, w.creator.ID) > 0
	})

	now := time.Now()
	c, err := h.Promotions.CreateCoupon(ctx, promotion.Actor{UserID: w.creator.ID}, "DAWN"+strings.ToUpper(name),
		promotion.Terms{
			Currency:   "CNY",
			PercentOff: 20,
			ValidFrom:  now,
			ValidUntil: now.AddDate(0, 1, 0),
			TotalLimit: 100,
			PerUser:    1,
		})
	ok(err)
	w.coupon = c.ID
	e, _, err := h.Webhooks.Add(ctx, w.creator.ID, webhook.Draft{
		URL:   "https://hooks.example.com/mall",
		Types: []string{"order.paid"},
	})
	ok(err)
	w.endpoint = e.ID
	prize, err := h.Ledger.ProposeCredit(ctx, w.operator.ID, w.creator.ID, money.Of(50000, "CNY"), "a prize",
		rand.Text())
	ok(err)
	ok(h.Ledger.ConfirmCredit(ctx, buyer.ID, prize.ID))
	ok(h.Ledger.SetDestination(ctx, w.creator.ID, ledger.Destination{
		Name:    "Dawn Films Ltd",
		Account: "DE89370400440532013000",
	}))
	out, err := h.Ledger.RequestPayout(ctx, w.creator.ID, money.Of(20000, "CNY"), rand.Text())
	ok(err)
	w.payout = out.ID
	_, err = h.Reviews.TakeDown(ctx, w.operator.ID, review.Target{
		SPUID:      w.down,
		CreatorID:  w.creator.ID,
		Title:      called.title,
		Reason:     "somebody else's bars",
		KeepAccess: true,
	})
	ok(err)
	_, err = h.Reviews.Appeal(ctx, w.creator.ID, w.down, "the bars are mine")
	ok(err)
	w.shop = h.referring(t, w)
	return w
}

// onSale submits a listing of the video and has it approved.
func (h *house) onSale(t *testing.T, w *workshop, slug string, series int64) (spu int64) {
	t.Helper()
	spu = h.submits(t, w, slug, series)
	c := h.caseOf(t, spu)
	for _, by := range []int64{w.operator.ID, w.second.ID} { // the second if one approval is not enough
		if c.State == review.Open || c.State == review.Second {
			var err error
			if c, err = h.Reviews.Approve(t.Context(), by, c.ID, c.Version); err != nil {
				t.Fatal(err)
			}
		}
	}
	return spu
}

// submits creates and submits a listing of the video, as the first episode of a series unless series is 0.
func (h *house) submits(t *testing.T, w *workshop, slug string, series int64) (spu int64) {
	t.Helper()
	ctx := t.Context()
	spu, err := h.Listings.Create(ctx, w.creator.ID, listing.NewDraft{
		Title:      locale.Text{En: w.title.En},
		CategoryID: 1,
		VideoID:    w.video,
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := h.Listings.Editing(ctx, w.creator.ID, spu)
	if err != nil {
		t.Fatal(err)
	}
	e.Content.Title.Zh = w.title.Zh
	e.Content.Slug = "dawn-" + slug
	e.Content.Cover = "aurora-nights"
	e.Content.Tags = []string{w.tag}
	e.Content.SeriesID, e.Content.Episode = series, 1
	e.Content.SKUs = []listing.SKU{
		{
			Kind:        catalog.KindOwn,
			Quality:     catalog.QualityHD,
			Price:       new(int64(990)),
			MaxPerOrder: 1,
		},
		{
			Kind:        catalog.KindRent,
			Quality:     catalog.QualityHD,
			RentHours:   48,
			Price:       new(int64(300)),
			MaxPerOrder: 1,
		},
	}
	r, err := h.Listings.Save(ctx, w.creator.ID, spu, listing.Edit{Version: e.Version, Content: e.Content})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Listings.Submit(ctx, w.creator.ID, spu, r.Version); err != nil {
		t.Fatal(err)
	}
	return spu
}

func (h *house) caseOf(t *testing.T, spu int64) review.Case {
	t.Helper()
	c, err := h.Reviews.Get(t.Context(), int64(h.count(t, `select id from review_case where spu_id = $1`, spu)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStudioAndConsole_phone_dark(t *testing.T) {
	t.Parallel()
	h, _ := require(t)
	walk(t, look{
		lang:  "zh-CN",
		width: 390,
		theme: "dark",
	}, h.workshop(t).places(), judge)
}

func TestStudioAndConsole_desktop_light(t *testing.T) {
	t.Parallel()
	h, _ := require(t)
	walk(t, look{
		lang:  "en",
		width: 1280,
		theme: "light",
	}, h.workshop(t).places(), judge)
}
