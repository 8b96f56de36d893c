package demo

import (
	"context"
	"errors"
	"time"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

// flashSale is a flash sale of the demo. Its times are relative to now. It sells videos whose normal price no walk
// through the demo needs.
type flashSale struct {
	name         locale.Text
	by           string // an account's role
	starts, ends time.Duration
	lots         []flashLot
}

type flashLot struct {
	slug    string // the SKU is HD, to own
	amount  int64  // fen
	units   int
	perUser int
}

var flashSales = []flashSale{
	{
		locale.Text{Zh: "海上一夜：灯塔、鲸与咖啡", En: "A night at sea: lighthouse, whale and coffee"},
		account.RoleOperator, 0, 30 * time.Hour,
		[]flashLot{
			{"waves-and-lighthouse", 490, 60, 1}, {"whale-song", 1290, 20, 1}, {"pour-over-coffee", 390, 100, 2},
		},
	},
	{
		locale.Text{Zh: "林溪的星空：首日价", En: "Lin Xi’s night sky: first-day price"},
		account.RoleCreator, 20 * time.Hour, 44 * time.Hour,
		[]flashLot{
			{"nebula-voyage", 890, 40, 1},
		},
	},
}

// sales creates the demo's flash sales, each one again after it is over, so that a mall always has one when it has
// started.
func (s *seeder) sales(ctx context.Context) error {
	for _, f := range flashSales {
		if err := s.sale(ctx, f); err != nil {
			return err
		}
	}
	_, err := s.mall.Promotions.Turn(ctx) // a sale that starts now does not have to wait for a job
	return err
}

func (s *seeder) sale(ctx context.Context, f flashSale) error {
	var by promotion.Actor
	for _, a := range Accounts {
		if a.Role == f.by {
			u, err := s.mall.Accounts.ByEmail(ctx, a.Email)
			if err != nil {
				return err
			}
			by = promotion.Actor{UserID: u.ID, Operator: f.by == account.RoleOperator}
		}
	}
	if open, err := s.mall.Promotions.HasOpen(ctx, by.UserID, f.name.En); open || err != nil {
		return err
	}
	d := promotion.Draft{
		Name:     f.name,
		StartsAt: s.now.Add(f.starts),
		EndsAt:   s.now.Add(f.ends),
	}
	for _, l := range f.lots {
		p, err := s.mall.Catalog.FindAny(ctx, l.slug)
		if err != nil {
			return err
		}
		for _, k := range p.SKUs {
			if k.Kind == catalog.KindOwn && k.Quality == catalog.QualityHD {
				d.Items = append(d.Items, promotion.Item{
					SKUID:   k.ID,
					Amount:  money.Of(l.amount, currency),
					Units:   l.units,
					PerUser: l.perUser,
				})
			}
		}
	}
	// Somebody may have changed a price, or sold the units for a later sale. Then the demo does without the sale.
	c, err := s.mall.Promotions.Create(ctx, by, d)
	if errors.Is(err, promotion.ErrInvalid) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err = s.mall.Promotions.Schedule(ctx, by, c.ID, c.Version); err != nil &&
		fault.From(err).Kind != fault.Internal {
		return s.mall.Promotions.Cancel(ctx, by, c.ID, c.Version)
	}
	return err
}
