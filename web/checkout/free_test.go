package checkout_test

import (
	"net/url"
	"testing"

	"videomall/mall/catalog"
	"videomall/web/webtest"
)

// owns are the states of a person's entitlements.
func owns(m *webtest.Mall, userID int64) []string {
	return webtest.Query[string](m, "select state from video_entitlement where user_id = $1", userID)
}

func TestCheckout_free_video(t *testing.T) {
	const press = "/v/film-1/free"
	t.Run("one_press_leads_to_the_film", func(t *testing.T) {
		m := open(t)
		m.Video(0, -1)
		mia := m.Person("mia", "shopper")
		b := m.Browser(mia.ID)
		for range 2 { // the second press finds it owned
			if to := b.Post(press, url.Values{}).Wants(303).Location; to != "/watch/film-1" {
				t.Fatalf("it leads to %q", to)
			}
		}
		if got := owns(m, mia.ID); len(got) != 1 || got[0] != "active" || orders(m) != 1 {
			t.Errorf("%d orders, entitlements %v", orders(m), got)
		}
		b.Get("/cart").Wants(200).Shows("Your cart is empty")
	})
	t.Run("a_guest_signs_in_on_the_way", func(t *testing.T) {
		m := open(t)
		m.Video(0, -1)
		mia := m.Person("mia", "shopper")
		b := m.Browser(0)
		if to := b.Post(press, url.Values{}).Wants(303).Location; to != "/sign-in?next=%2Fwatch%2Ffilm-1" {
			t.Fatalf("it leads to %q", to)
		}
		b.SignIn(mia.ID, "/watch/film-1")
		if got := owns(m, mia.ID); len(got) != 1 || got[0] != "active" {
			t.Errorf("entitlements %v", got)
		}
	})
	t.Run("a_free_rental_begins_with_the_press", func(t *testing.T) {
		m := open(t)
		m.Video(0, -1, func(k *catalog.NewSKU) { k.Kind, k.RentHours = catalog.KindRent, 48 })
		mia := m.Person("mia", "shopper")
		b := m.Browser(0)
		if to := b.Post(press, url.Values{}).
			Wants(303).Location; to != "/sign-in?next=%2Fwatch%2Ffilm-1%3Fstart%3Dnew" {
			t.Fatalf("it leads to %q", to)
		}
		b.SignIn(mia.ID, "/watch/film-1?start=new")
		if got := owns(m, mia.ID); len(got) != 1 || got[0] != "active" {
			t.Errorf("entitlements %v", got)
		}
		if to := m.Browser(m.Person("leo", "shopper").ID).Post(press, url.Values{}).
			Wants(303).Location; to != "/watch/film-1?start=new" {
			t.Errorf("it leads to %q", to)
		}
	})
	t.Run("a_sign_in_that_leads_elsewhere_gives_nothing", func(t *testing.T) {
		m := open(t)
		m.Video(0, -1)
		mia, leo := m.Person("mia", "shopper"), m.Person("leo", "shopper")
		b := m.Browser(0)
		b.Post(press, url.Values{}).Wants(303)
		b.SignIn(mia.ID, "/cart")
		m.Browser(0).SignIn(leo.ID, "/watch/film-1") // by a link: this browser has pressed nothing
		if n := orders(m); n != 0 {
			t.Errorf("%d orders", n)
		}
	})
	t.Run("what_costs_something_is_not_given", func(t *testing.T) {
		m := open(t)
		video := m.Video(0, -1)
		mia := m.Person("mia", "shopper")
		b := m.Browser(mia.ID)
		setPrice(t, m, video, 990)
		if to := b.Post(press, url.Values{}).Wants(303).Location; to != "/v/film-1" {
			t.Errorf("it leads to %q", to)
		}
		b.Get("/cart").Shows("not free any more")
		if to := m.Browser(0).Post(press, url.Values{}).Wants(303).Location; to != "/v/film-1" {
			t.Errorf("a guest is led to %q", to)
		}
		m.Browser(0).Post("/v/nothing/free", url.Values{}).Wants(404)
		if n := orders(m); n != 0 {
			t.Errorf("%d orders", n)
		}
	})
	t.Run("of_a_limited_edition_there_are_no_more_than_there_are", func(t *testing.T) {
		m := open(t)
		m.Video(0, 1, func(k *catalog.NewSKU) { k.MaxPerOrder = 1 })
		mia, leo := m.Person("mia", "shopper"), m.Person("leo", "shopper")
		m.Browser(mia.ID).Post(press, url.Values{}).Wants(303)
		if to := m.Browser(leo.ID).Post(press, url.Values{}).Wants(303).Location; to != "/v/film-1" ||
			len(owns(m, leo.ID)) != 0 {
			t.Errorf("it leads to %q, entitlements %v", to, owns(m, leo.ID))
		}
	})
}
