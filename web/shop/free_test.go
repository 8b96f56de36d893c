package shop_test

import "testing"

func TestProduct_free_video(t *testing.T) {
	s := open(t)
	video := s.Video(0, -1)
	s.Video(990, -1)
	mia := s.Person("mia", "shopper")
	for _, b := range []int64{0, mia.ID} {
		a := s.Browser(b).Get("/v/film-1").Wants(200).Shows("Watch free", "It stays in your library").
			Hides("Buy now", "Add to cart")
		if !a.Has(`action="/v/film-1/free"`) {
			t.Errorf("user %d: page of a free video lacks its button: %s", b, a.Text())
		}
		if a := s.Browser(b).Get("/v/film-2").Wants(200).Shows("Buy now", "Add to cart").
			Hides("Watch free"); a.Has("/free") {
			t.Errorf("user %d: page of a priced video has a button to get it free", b)
		}
	}
	s.Bought(mia.ID, video)
	s.Browser(mia.ID).Get("/v/film-1").Wants(200).Shows("Watch now").Hides("Watch free")
}
