package listing

import (
	"encoding/json"

	"videomall/mall/locale"
)

// plainContent is Content without its methods, so that these don't call themselves.
type plainContent Content

// storedContent is Content as PostgreSQL keeps it: each language is a member of its own, as each is a column of a
// product.
type storedContent struct {
	*plainContent
	TitleZh       string `json:"titleZh"`
	TitleEn       string `json:"titleEn"`
	DescriptionZh string `json:"descriptionZh"`
	DescriptionEn string `json:"descriptionEn"`
}

// MarshalJSON writes the content as it is kept.
func (n Content) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedContent{
		plainContent:  (*plainContent)(&n),
		TitleZh:       n.Title.Zh,
		TitleEn:       n.Title.En,
		DescriptionZh: n.Description.Zh,
		DescriptionEn: n.Description.En,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Content) UnmarshalJSON(b []byte) error {
	s := storedContent{plainContent: (*plainContent)(n)}
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	n.Title = locale.Text{Zh: s.TitleZh, En: s.TitleEn}
	n.Description = locale.Text{Zh: s.DescriptionZh, En: s.DescriptionEn}
	return nil
}
