package review_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/locale"
	"videomall/mall/review"
)

// TestContent_MarshalJSON holds the names of the members, which cases in the database have.
func TestContent_MarshalJSON(t *testing.T) {
	t.Parallel()
	content := review.Content{
		Title:       locale.Text{Zh: "极光", En: "Aurora"},
		Description: locale.Text{En: "Night."},
		Category:    locale.Text{Zh: "自然", En: "Nature"},
		Series:      locale.Text{Zh: "夜"},
		Slug:        "aurora",
	}
	body, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	var got, want map[string]any
	const kept = `{"slug": "aurora", "titleZh": "极光", "titleEn": "Aurora", "descriptionEn": "Night.", "categoryId": 0,
		"categoryZh": "自然", "categoryEn": "Nature", "seriesZh": "夜"}`
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(kept), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-stored +written):\n%s", diff)
	}
	var read review.Content
	if err := json.Unmarshal([]byte(kept), &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(content, read); diff != "" {
		t.Errorf("stored content (-want +read):\n%s", diff)
	}
}
