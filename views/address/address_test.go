package address_test

import (
	"testing"

	"videomall/mall/media"
	"videomall/views/address"
)

func TestAddress_paths(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		address.Product("dunes"):                  "/v/dunes",
		address.Watch("dunes"):                    "/watch/dunes",
		address.Start("dunes"):                    "/watch/dunes?start=new",
		address.Try("dunes"):                      "/try/dunes",
		address.Watch("a/b?c"):                    "/watch/a%2Fb%3Fc",
		address.Cover("sea", media.CoverSmall):    "/media/covers/sea-320.webp",
		address.Cover("sea", media.CoverMedium):   "/media/covers/sea-480.webp",
		address.Cover("sea", media.CoverLarge):    "/media/covers/sea-960.webp",
		address.Cover("../sea", media.CoverLarge): "/media/covers/..%2Fsea-960.webp",
		address.CoverSet("sea"):                   "/media/covers/sea-{w}.webp",
		address.Cover("", media.CoverLarge):       "",
		address.CoverSet(""):                      "",
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	if address.CoverHeight != 540 {
		t.Errorf("the largest cover is %d high", address.CoverHeight)
	}
}
