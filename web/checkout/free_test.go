package checkout_test

import (
	"net/url"
	"testing"

	"videomall/mall/catalog"
	"videomall/web/webtest"
)

// owns returns the states of a person's entitlements.
func owns(m *webtest.Mall, userID int64) []string {
	return webtest.Query[string](m, "select state from video_entitlement where user_id = $1", userID)
}

func TestCheckout_free_video(t *testing.T) {
	const press = "/v/film-1/free"
	t.Run("one_press_opens_video", func(t *testing.T) {
		m := open(t)
		m.Video(0, -1)
		mia := m.Person("mia", "shopper")
		b := m.Browser(mia.ID)
		for range 2 { // at the second press, the person owns the video
			if to := b.Post(press, url.Values{}).Wants(303).Location; to != "/watch/film-1" {
				t.Fatalf("redirect: got %q, want the watch page", to)
			}
		}
		if got := owns(m, mia.ID); len(got) != 1 || got[0] != "active" || orders(m) != 1 {
			t.Errorf("got %d orders and entitlements %v, want one of each", orders(m), got)
		}
		b.Get("/cart").Wants(200).Shows("Your cart is empty")
	})
	t.Run("guest_signs_in_on_the_way", func(t *testing.T) {
		m := open(t)
		m.Video(0, -1)
		mia := m.Person("mia", "shopper")
		b := m.Browser(0)
		if to := b.Post(press, url.Values{}).Wants(303).Location; to != "/sign-in?next=%2Fwatch%2Ffilm-1" {
			t.Fatalf("redirect: got %q, want the sign-in", to)
		}
		b.SignIn(mia.ID, "/watch/film-1")
		if got := owns(m, mia.ID); len(got) != 1 || got[0] != "active" {
			t.Errorf("entitlements: got %v, want an active one", got)
		}
	})
	t.Run("free_rental_starts_at_press", func(t *testing.T) {
		m := open(t)
		m.Video(0, -1, func(k *catalog.NewSKU) { k.Kind, k.RentHours = catalog.KindRent, 48 })
		mia := m.Person("mia", "shopper")
		b := m.Browser(0)
		if to := b.Post(press, url.Values{}).
			Wants(303).Location; to != "/sign-in?next=%2Fwatch%2Ffilm-1%3Fstart%3Dnew" {
			t.Fatalf("redirect: got %q, want the sign-in", to)
		}
		b.SignIn(mia.ID, "/watch/film-1?start=new")
		if got := owns(m, mia.ID); len(got) != 1 || got[0] != "active" {
			t.Errorf("entitlements: got %v, want an active one", got)
		}
		if to := m.Browser(m.Person("leo", "shopper").ID).Post(press, url.Values{}).
			Wants(303).Location; to != "/watch/film-1?start=new" {
			t.Errorf("redirect: got %q, want the watch page with start=new", to)
		}
	})
	t.Run("sign_in_elsewhere_grants_nothing", func(t *testing.T) {
		m := open(t)
		m.Video(0, -1)
		mia, leo := m.Person("mia", "shopper"), m.Person("leo", "shopper")
		b := m.Browser(0)
		b.Post(press, url.Values{}).Wants(303)
		b.SignIn(mia.ID, "/cart")
		m.Browser(0).SignIn(leo.ID, "/watch/film-1") // by a link, without a press in this browser
		if n := orders(m); n != 0 {
			t.Errorf("orders: got %d, want 0", n)
		}
	})
	t.Run("priced_video_is_not_granted", func(t *testing.T) {
		m := open(t)
		video := m.Video(0, -1)
		mia := m.Person("mia", "shopper")
		b := m.Browser(mia.ID)
		setPrice(t, m, video, 990)
		if to := b.Post(press, url.Values{}).Wants(303).Location; to != "/v/film-1" {
			t.Errorf("redirect: got %q, want the product page", to)
		}
		b.Get("/cart").Shows("not free any more")
		if to := m.Browser(0).Post(press, url.Values{}).Wants(303).Location; to != "/v/film-1" {
			t.Errorf("redirect of a guest: got %q, want the product page", to)
		}
		m.Browser(0).Post("/v/nothing/free", url.Values{}).Wants(404)
		if n := orders(m); n != 0 {
			t.Errorf("orders: got %d, want 0", n)
		}
	})
	t.Run("limited_stock_is_not_oversold", func(t *testing.T) {
		m := open(t)
		m.Video(0, 1, func(k *catalog.NewSKU) { k.MaxPerOrder = 1 })
		mia, leo := m.Person("mia", "shopper"), m.Person("leo", "shopper")
		m.Browser(mia.ID).Post(press, url.Values{}).Wants(303)
		if to := m.Browser(leo.ID).Post(press, url.Values{}).Wants(303).Location; to != "/v/film-1" ||
			len(owns(m, leo.ID)) != 0 {
			t.Errorf("second person: got %q and entitlements %v, want the product page and none", to, owns(m, leo.ID))
		}
	})
}
