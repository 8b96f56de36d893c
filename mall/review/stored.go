package review

import (
	"encoding/json"

	"videomall/mall/locale"
)

// plainContent is Content without its methods, so that these don't call themselves.
type plainContent Content

// storedContent is Content as PostgreSQL keeps it: each language is a member of its own.
type storedContent struct {
	*plainContent
	TitleZh       string `json:"titleZh"`
	TitleEn       string `json:"titleEn"`
	DescriptionZh string `json:"descriptionZh,omitempty"`
	DescriptionEn string `json:"descriptionEn,omitempty"`
	CategoryZh    string `json:"categoryZh,omitempty"`
	CategoryEn    string `json:"categoryEn,omitempty"`
	SeriesZh      string `json:"seriesZh,omitempty"`
	SeriesEn      string `json:"seriesEn,omitempty"`
}

// MarshalJSON writes the content as it is kept.
func (c Content) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedContent{
		plainContent:  (*plainContent)(&c),
		TitleZh:       c.Title.Zh,
		TitleEn:       c.Title.En,
		DescriptionZh: c.Description.Zh,
		DescriptionEn: c.Description.En,
		CategoryZh:    c.Category.Zh,
		CategoryEn:    c.Category.En,
		SeriesZh:      c.Series.Zh,
		SeriesEn:      c.Series.En,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Content) UnmarshalJSON(b []byte) error {
	s := storedContent{plainContent: (*plainContent)(c)}
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	c.Title = locale.Text{Zh: s.TitleZh, En: s.TitleEn}
	c.Description = locale.Text{Zh: s.DescriptionZh, En: s.DescriptionEn}
	c.Category = locale.Text{Zh: s.CategoryZh, En: s.CategoryEn}
	c.Series = locale.Text{Zh: s.SeriesZh, En: s.SeriesEn}
	return nil
}
