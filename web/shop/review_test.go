package shop_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/order"
	"videomall/web/webtest"
)

func TestReview_of_an_owned_video(t *testing.T) {
	s := open(t)
	me, other := s.Person("mei", account.RoleShopper), s.Person("otto", account.RoleShopper)
	b := s.Browser(me.ID)
	review := url.Values{"rating": {"4"}, "body": {"Cold & <b>fine</b>"}}
	b.Post("/v/aurora/reviews", review).Wants(403)
	if guest := s.Browser(0).Post("/v/aurora/reviews", review).
		Wants(http.StatusSeeOther); !strings.HasPrefix(guest.Location, "/sign-in") {
		t.Errorf("review by a guest: redirect: got %s, want the sign-in", guest.Location)
	}

	s.Bought(me.ID, s.videos["aurora"].SKUIDs[1])
	a := b.Get("/v/aurora").Wants(200).Shows("You own this in HD.", "Watch now", "In your library", "Write a review")
	if !a.Has(`href="/watch/aurora"`) {
		t.Error("page of an owned video lacks the link to watch it")
	}
	// HD is owned, so only 4K may be bought: a rental would be pointless.
	if form := a.Form("/cart/items"); form.Get("sku_id") != strconv.FormatInt(s.videos["aurora"].SKUIDs[2], 10) {
		t.Errorf("form: got %v, want the 4K SKU", form)
	}
	b.Get("/videos").Wants(200).Shows("Owned")
	s.Browser(other.ID).Get("/v/aurora").Wants(200).Hides("Watch now", "You own", "Write a review")

	wrong := b.Post("/v/aurora/reviews", url.Values{
		"rating": {""},
		"body":   {"No stars yet"},
	}).Wants(422).Shows("Choose 1 to 5 stars.")
	if !wrong.Has("No stars yet</textarea>") {
		t.Error("form lost the typed text")
	}
	if done := b.Post("/v/aurora/reviews", review).Wants(303); done.Location != "/v/aurora#reviews" {
		t.Errorf("redirect after the review: got %s, want /v/aurora#reviews", done.Location)
	}
	b.Get("/v/aurora").Wants(200).
		Shows("your review is published", "Cold & <b>fine</b>", "mei", "4.0", "You have reviewed this video").
		Hides("Write a review")
	b.Post("/v/aurora/reviews", review).Wants(409)
}

// TestReview_of_own_video checks that creators can't review a video of their own, even if they have bought it and have
// become an operator.
func TestReview_of_own_video(t *testing.T) {
	s := open(t)
	me := s.Person("mei", account.RoleOperator) // the fixture makes the first person a creator
	webtest.Query[int64](s.Mall, `update video_product_spu set creator_id = $1 where slug = 'aurora' returning id`,
		me.ID)
	s.Bought(me.ID, s.videos["aurora"].SKUIDs[1])
	b := s.Browser(me.ID)
	b.Get("/v/aurora").Wants(200).Shows("You own this in HD.").Hides("Write a review")
	b.Post("/v/aurora/reviews", url.Values{
		"rating": {"5"},
		"body":   {"The best!"},
	}).Wants(403).Shows("Nobody reviews a video of their own.")
	b.Get("/v/aurora").Wants(200).Hides("The best!")
}

func TestReview_of_a_refunded_buyer(t *testing.T) {
	s := open(t)
	me := s.Person("mia", account.RoleShopper)
	o := s.Bought(me.ID, s.videos["aurora"].SKUIDs[1])
	b := s.Browser(me.ID)
	b.Post("/v/aurora/reviews", url.Values{"rating": {"1"}, "body": {"Too dark."}}).Wants(303)
	const mark, none = "Refunded, not counted", "Nobody has reviewed this yet"
	b.Get("/v/aurora").Wants(200).Shows("Too dark.").Hides(mark, none)
	_, err := s.Orders.Refunds().Request(t.Context(), order.RefundRequest{
		OrderNo: o.OrderNo,
		Actor:   "operator:2",
		Key:     "k",
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Get("/v/aurora").Wants(200).Shows("Too dark.", mark, none)
	b.Post("/v/aurora/reviews", url.Values{"rating": {"2"}}).Wants(403)
}

func TestReviews_pages(t *testing.T) {
	s := open(t)
	for i := range 14 {
		if _, err := s.Catalog.AddReview(t.Context(), catalog.NewReview{
			SPUID:  s.videos["wok"].SPUID,
			UserID: int64(900 + i),
			Owned:  true,
			Author: "A",
			Rating: 1 + i%5,
			Body:   fmt.Sprintf("remark-%02d", i),
			Locale: "en",
			At:     s.Now().Add(-time.Duration(i/3) * time.Hour),
		}); err != nil {
			t.Fatal(err)
		}
	}
	b := s.Browser(0)
	seen := map[string]int{}
	pages := 0
	for at := "/v/wok"; at != ""; pages++ {
		a := b.Get(at).Wants(200)
		for _, m := range regexp.MustCompile(`remark-\d\d`).FindAllString(a.Body, -1) {
			seen[m]++
		}
		at = next(a)
	}
	if len(seen) != 14 || pages != 3 {
		t.Errorf("got %d reviews on %d pages, want 14 on 3", len(seen), pages)
	}
	for r, n := range seen {
		if n != 1 {
			t.Errorf("%s: shown %d times, want once", r, n)
		}
	}
	b.Get("/v/wok/reviews?cursor=nonsense").Wants(422)
}
