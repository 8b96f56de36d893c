package demo

import (
	"context"
	"errors"
	"fmt"

	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
	"videomall/mall/review"
)

// submission is a change of a listing that its creator submitted.
type submission struct {
	slug    string
	added   locale.Text // to the description
	returns string
	appeal  string
}

var submissions = []submission{
	{
		slug: "shape-of-dunes",
		added: locale.Text{
			Zh: "沙子的声音是现场录的。没有一种疗法是包治百病的，但我在沙丘上睡得很好。",
			En: "The sound of the sand was recorded on the spot. It is no miracle cure, but I slept well on the dune.",
		},
		returns: "Please leave health out of the description.",
		appeal:  "The sentence says that it is none. Could a person read it again?",
	},
	{
		slug: "snow-in-the-pines",
		added: locale.Text{
			Zh: "拍摄地点：长白山北坡，十二月。",
			En: "Filmed on the northern slope of Changbai Mountain, in December.",
		},
	},
	{
		slug: "pulled-noodles",
		added: locale.Text{
			Zh: "面粉、水、盐，外加一点耐心：配方写在片尾。",
			En: "Flour, water, salt and some patience: the recipe stands at the end.",
		},
	},
	{
		slug: "neon-rain",
		added: locale.Text{
			Zh: "这部片子没有 guaranteed profit，只有雨。",
			En: "There is no guaranteed profit in this film, only rain.",
		},
	},
}

// submissions submits listings for review. One is returned to its creator, who appeals.
func (s *seeder) submissions(ctx context.Context, operatorID int64) error {
	for _, sub := range submissions {
		product, err := s.mall.Catalog.FindAny(ctx, sub.slug)
		if err != nil {
			return err
		}
		creatorID, spuID := product.CreatorID, product.SPUID
		e, err := s.mall.Listings.Editing(ctx, creatorID, spuID)
		if err != nil {
			return err
		}
		if e.Former != nil || e.Open {
			continue // submitted before
		}
		e.Content.Description.Zh += "\n\n" + sub.added.Zh
		e.Content.Description.En += "\n\n" + sub.added.En
		saved, err := s.mall.Listings.Save(ctx, creatorID, spuID, listing.Edit{
			Version: e.Version,
			Pressed: true,
			Content: e.Content,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", sub.slug, err)
		}
		if err := s.mall.Listings.Submit(ctx, creatorID, spuID, saved.Version); err != nil {
			return fmt.Errorf("%s: %w", sub.slug, err)
		}
		if sub.returns == "" {
			continue
		}
		cases, err := s.mall.Reviews.List(ctx, review.Filter{CreatorID: creatorID, Most: 1})
		if err != nil || len(cases) == 0 {
			return errors.Join(err, fmt.Errorf("%s has no case", sub.slug))
		}
		v := review.Verdict{Causes: []string{"texts"}, Note: sub.returns}
		if _, err := s.mall.Reviews.Return(ctx, operatorID, cases[0].ID, cases[0].Version, v); err != nil {
			return fmt.Errorf("%s: %w", sub.slug, err)
		}
		if _, err := s.mall.Reviews.Appeal(ctx, creatorID, spuID, sub.appeal); err != nil {
			return fmt.Errorf("%s: %w", sub.slug, err)
		}
	}
	return nil
}
