package freepreview_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/locale"
	"videomall/mall/media"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/playback"
	"videomall/web/freepreview"
	"videomall/web/play"
	"videomall/web/webtest"
	"videomall/web/webtest/playtest"
)

// house is a mall with one video of 20 s, of which 8 are free.
type house struct {
	*webtest.Mall
	t     *testing.T
	video catalog.Product
	sku   int64
}

func open(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	h := &house{t: t}
	var videos media.Media
	h.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		var player *playback.Playback
		videos, player = playtest.Open(t, m, t.TempDir(), nil, playback.Options{Free: m.Catalog.FreeMinutes})
		freepreview.Routes(g, freepreview.Deps{
			Site:         m.Site,
			Catalog:      m.Catalog,
			Inventory:    m.Inventory,
			Entitlements: m.Entitlements,
			Orders:       m.Orders,
			Media:        videos,
			Playback:     player,
			PlusTax:      true,
		})
		play.Routes(g, play.Deps{
			Site:     m.Site,
			Catalog:  m.Catalog,
			Media:    videos,
			Playback: player,
		})
	}})
	h.sku = h.Video(990, -1)
	var err error
	h.video, err = h.Catalog.ProductOfSKU(t.Context(), h.sku)
	h.must(err)
	asset, err := videos.Assets.Pack(t.Context(), playtest.ClearVideo(), "sea", 2)
	h.must(err)
	h.must(videos.Captions.SetAssetChapters(t.Context(), asset.ID, []media.Chapter{{
		Start: 0,
		Text:  locale.Text{En: "Begin", Zh: "开始"},
	}, {
		Start: 12,
		Text:  locale.Text{En: "The end", Zh: "结局"},
	}}))
	_, err = h.Pool.Exec(t.Context(), `update video_product_spu set free_seconds = 8 where id = $1`, h.video.SPUID)
	h.must(err)
	h.must(h.Catalog.SetAsset(t.Context(), h.video.SPUID, asset.ID, asset.DurationSeconds))
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestFreePreview_open_to_everyone(t *testing.T) {
	h := open(t)
	here := "/try/" + h.video.Slug
	guest := h.Browser(0)
	a := guest.Get(here).Wants(200).
		Shows("first 8 seconds for free", "The whole video lasts 20 seconds.", "Buy for CN¥9.90")
	for _, part := range []string{
		`data-auth-url="` + here + `/auth"`, `<template data-end>`, `data-again`,
		`data-thumbs=""`, `data-watermark=""`,
		`chapters.en.vtt`, fmt.Sprintf(`name="sku_id" value="%d"`, h.sku), `noindex`,
	} {
		if !a.Has(part) {
			t.Errorf("preview page lacks %s", part)
		}
	}
	if a.Has("thumbs.vtt") {
		t.Error("preview page names the thumbnails of the whole video")
	}
	chapters := a.Body[strings.Index(a.Body, `data-chapters="`)+len(`data-chapters="`):]
	chapters, _, _ = strings.Cut(chapters, `"`)
	if text := guest.Get(chapters).Wants(200).Body; !strings.Contains(text, "Begin") ||
		strings.Contains(text, "The end") {
		t.Errorf("chapters: want only those of the free minutes, got:\n%s", text)
	}
	guest.Lang = "zh-CN"
	if a := guest.Get(here).Wants(200).Shows("免费试看前 8 秒", "购买"); !a.Has("chapters.zh-CN.vtt") {
		t.Error("the Chinese page lacks the Chinese chapters")
	}
}

// The buttons have the price in the viewer's currency, in the page and where the free minutes end.
func TestFreePreview_currency(t *testing.T) {
	h := open(t)
	h.Offer("USD", "0.14", 50, 1)
	h.Offer("KWD", "0.0428", 5, 0)
	here := "/try/" + h.video.Slug
	for _, c := range []struct{ currency, lang, price, tax string }{
		{"", "en", "CN¥9.90", "Prices are without tax"},
		{"", "zh-CN", "¥9.90", "标价不含税"},
		{"USD", "en", "$1.49", "Prices are without tax"},
		{"USD", "zh-CN", "US$1.49", "标价不含税"},
		{"KWD", "en", "KWD 0.425", "Prices are without tax"},
	} {
		b := h.Browser(0)
		b.Lang = c.lang
		if c.currency != "" {
			b.Cookie("currency", c.currency)
		}
		a := b.Get(here).Wants(200).Shows(c.price, c.tax)
		if c.currency != "" {
			a.Hides("¥")
		}
		if n := strings.Count(strings.ReplaceAll(a.Body, "\u00a0", " "), c.price); n < 2 {
			t.Errorf("%s in %s: the price stands there %d times, want it at the end of the free minutes too",
				c.currency, c.lang, n)
		}
		if n := strings.Count(a.Body, "data-plus-tax"); n != 1 {
			t.Errorf("%s in %s: %d notes on tax", c.currency, c.lang, n)
		}
	}
	h.FlashSale(h.sku, 490, 1)
	b := h.Browser(0)
	b.Cookie("currency", "USD")
	b.Get(here).Wants(200).Shows("Buy for $0.49").Hides("$1.49", "¥")
}

func TestFreePreview_price_of_running_sale(t *testing.T) {
	h := open(t)
	h.FlashSale(h.sku, 490, 1)
	here := "/try/" + h.video.Slug
	h.Browser(0).Get(here).Wants(200).Shows("Buy for CN¥4.90").Hides("CN¥9.90")
	agreed := money.Of(490, "CNY")
	_, _, err := h.Orders.Place(t.Context(), order.PlaceRequest{
		UserID:         h.Person("ann", "shopper").ID,
		IdempotencyKey: "k",
		Items:          []order.Line{{SKUID: h.sku, Quantity: 1}},
		ExpectTotal:    &agreed,
	})
	h.must(err)
	h.Browser(0).Get(here).Wants(200).Shows("Buy for CN¥9.90").Hides("CN¥4.90")
}

func TestFreePreview_buyer_goes_to_video(t *testing.T) {
	h := open(t)
	ann := h.Person("ann", "shopper")
	here := "/try/" + h.video.Slug
	h.Browser(ann.ID).Get(here).Wants(200)
	h.must(db.InTx(t.Context(), h.Pool, func(tx pgx.Tx) error {
		_, err := h.Entitlements.GrantTx(t.Context(), tx, entitlement.Grant{
			UserID:    ann.ID,
			SPUID:     h.video.SPUID,
			SKUID:     h.sku,
			Reference: "o",
			Source:    "s",
			Kind:      entitlement.KindOwn,
			Quality:   entitlement.QualityHD,
		})
		return err
	}))
	if a := h.Browser(ann.ID).Get(here).Wants(303); a.Location != "/watch/"+h.video.Slug {
		t.Errorf("redirect of a buyer: got %s, want the watch page", a.Location)
	}
}

func TestFreePreview_nothing_free(t *testing.T) {
	h := open(t)
	guest := h.Browser(0)
	guest.Get("/try/nothing").Wants(404)
	other, err := h.Catalog.ProductOfSKU(t.Context(), h.Video(990, -1))
	h.must(err)
	if a := guest.Get("/try/" + other.Slug).Wants(303); a.Location != "/v/"+other.Slug {
		t.Errorf("redirect without free minutes: got %s, want the product page", a.Location)
	}
	h.must(h.Catalog.TakeDown(t.Context(), h.video.SPUID))
	guest.Get("/try/" + h.video.Slug).Wants(404)
}
