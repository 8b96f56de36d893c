package listing_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
)

// TestContent_MarshalJSON holds the names of the members: revisions in the database have them, and queries read
// titleZh and titleEn.
func TestContent_MarshalJSON(t *testing.T) {
	t.Parallel()
	content := listing.Content{
		Slug:        "aurora",
		Title:       locale.Text{Zh: "极光", En: "Aurora"},
		Description: locale.Text{En: "Night."},
		Tags:        []string{"winter"},
		SKUs:        []listing.SKU{},
	}
	body, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	var got, want map[string]any
	const kept = `{"slug": "aurora", "titleZh": "极光", "titleEn": "Aurora", "descriptionZh": "", "descriptionEn": "Night.",
		"categoryId": 0, "tags": ["winter"], "cover": "", "videoId": 0, "seriesId": 0, "episode": 0, "ways": []}`
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(kept), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-stored +written):\n%s", diff)
	}
	var read listing.Content
	if err := json.Unmarshal([]byte(kept), &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(content, read); diff != "" {
		t.Errorf("stored content (-want +read):\n%s", diff)
	}
}
