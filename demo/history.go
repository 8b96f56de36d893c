package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account"
	"videomall/mall/backoffice"
	"videomall/mall/catalog"
	"videomall/mall/ledger"
	"videomall/mall/order"
	"videomall/mall/outbox"
)

// historyDays is how far the demo's history goes back.
const historyDays = 90

// historySeed makes the history the same each time. Its dates are relative to the day on which it is written.
const historySeed = "video mall, ninety days of it...."

// history writes what happened in the mall before it was opened. First it writes orders with everything that follows
// from them, in one transaction, so that a reader sees all of it or nothing, and then what the staff and the creators
// did. It does nothing in a mall that has sold something else.
func (s *seeder) history(ctx context.Context) error {
	first, err := s.mall.Orders.FirstPaid(ctx)
	if err != nil {
		return err
	}
	p, err := s.plan(ctx)
	if err != nil {
		return err
	}
	if first == nil {
		if err := s.offers(ctx); err != nil {
			return fmt.Errorf("offers: %w", err)
		}
		// Shares of what is sold abroad are converted for this creator.
		if err := s.mall.Ledger.SetSettlement(ctx, s.creators[settles], currency); err != nil {
			return fmt.Errorf("settlement: %w", err)
		}
		if p.abroad, err = s.abroad(ctx); err != nil {
			return fmt.Errorf("currencies: %w", err)
		}
		if err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return s.past(ctx, tx, p) }); err != nil {
			return fmt.Errorf("orders: %w", err)
		}
	} else if _, err := s.mall.Accounts.ByEmail(ctx, p.people[0].Email); errors.Is(err, account.ErrNoUser) {
		return nil // what this mall has sold is not the demo's history
	} else if err != nil {
		return err
	}
	if err := s.reviews(ctx, p); err != nil {
		return fmt.Errorf("reviews: %w", err)
	}
	if err := s.books(ctx, p); err != nil {
		return fmt.Errorf("books: %w", err)
	}
	return s.desk(ctx)
}

// past writes the people with their orders, and every sum that is computed from these.
func (s *seeder) past(ctx context.Context, tx pgx.Tx, p *plan) error {
	if _, err := tx.Exec(ctx, "set local statement_timeout = '2min'"); err != nil {
		return err
	}
	ids, err := s.mall.Accounts.ImportTx(ctx, tx, p.people)
	if err != nil {
		return err
	}
	operator, err := s.mall.Accounts.ByEmail(ctx, emailOf(account.RoleOperator))
	if err != nil {
		return err
	}
	done, err := s.mall.Orders.ImportTx(ctx, tx, p.past(ids, operator.ID))
	if err != nil {
		return err
	}
	if err := s.mall.Sandbox.ImportTx(ctx, tx, done.Payments); err != nil {
		return err
	}
	if err := s.mall.Insight.ImportTx(ctx, tx, p.since(), p.traffic(done.Items)); err != nil {
		return err
	}
	for _, f := range p.videos { // in the order of their ids, as in every transaction that locks several
		if n := done.Sold[f.spuID]; n > 0 {
			if err := s.mall.Catalog.CountSaleTx(ctx, tx, f.spuID, n); err != nil {
				return err
			}
			if err := s.mall.Search.RankTx(ctx, tx, f.spuID); err != nil {
				return err
			}
		}
	}
	return s.deadLetter(ctx, tx, p)
}

// deadLetter writes an event that the search refused a week ago, and accepts if it is tried again.
func (s *seeder) deadLetter(ctx context.Context, tx pgx.Tx, p *plan) error {
	f := p.video("night-train-window")
	payload, err := json.Marshal(catalog.Change{Type: "catalog.revised", SPUID: f.spuID})
	if err != nil {
		return err
	}
	at := s.now.AddDate(0, 0, -7)
	return s.mall.Outbox.ImportRefusalTx(ctx, tx, outbox.PastRefusal{
		Subscriber: "search",
		Event: outbox.Event{
			Type:      "catalog.revised",
			Aggregate: fmt.Sprintf("spu:%d", f.spuID),
			Payload:   payload,
			CreatedAt: at.Add(-3 * time.Hour),
		},
		LastError: "index SPU: canceling statement due to lock timeout (SQLSTATE 55P03)",
		DiedAt:    at,
	})
}

// reviews writes reviews of buyers, each after they have watched the video, and answers of creators to some of them.
func (s *seeder) reviews(ctx context.Context, p *plan) error {
	last := p.reviews[len(p.reviews)-1]
	who, err := s.mall.Accounts.ByEmail(ctx, last.email)
	if err != nil {
		return err
	}
	if _, written, err := s.mall.Catalog.ReviewBy(ctx, last.video.spuID, who.ID); written || err != nil {
		return err
	}
	for _, r := range p.reviews {
		who, err := s.mall.Accounts.ByEmail(ctx, r.email)
		if err != nil {
			return err
		}
		made, err := s.mall.Catalog.AddReview(ctx, catalog.NewReview{
			SPUID:  r.video.spuID,
			UserID: who.ID,
			Owned:  true,
			Author: r.Reviewer,
			Rating: r.Rating,
			Body:   r.Body,
			Locale: r.locale(),
			At:     r.at,
		})
		if errors.Is(err, catalog.ErrReviewExists) {
			continue
		}
		if err != nil {
			return err
		}
		if r.reply != "" {
			if err := s.mall.Catalog.Reply(ctx, r.video.creatorID, made.ID, r.reply); err != nil {
				return err
			}
		}
	}
	return nil
}

// at returns an audit log and a ledger that use the given clock.
func (s *seeder) at(clock *time.Time) (backoffice.AuditFunc, *ledger.Ledger) {
	now := func() time.Time { return *clock }
	audited := backoffice.Audit(s.mall.Accounts, s.mall.Audit.WithClock(now))
	// the ledger for history sends nothing to creators' servers
	return audited, s.mall.Ledger.ForHistory(now, audited)
}

// plan draws the history for the current catalogue.
func (s *seeder) plan(ctx context.Context) (*plan, error) {
	source := rand.NewChaCha8([32]byte([]byte(historySeed)[:32]))
	p := &plan{
		now:       s.now,
		catalogue: s.catalogue,
		payWindow: s.mall.Orders.PayWindow(),
		entropy:   source,
		random:    rand.New(source),
	}
	for _, v := range s.catalogue.Videos {
		product, err := s.mall.Catalog.FindAny(ctx, v.Slug)
		if err != nil {
			return nil, err
		}
		zone, err := s.mall.Insight.Zone(ctx, product.CreatorID)
		if err != nil {
			return nil, err
		}
		p.videos = append(p.videos, videoOf(v, product, zone, s.now))
	}
	p.draw()
	return p, nil
}

// past fills in the ids of the people.
func (p *plan) past(ids map[string]int64, operatorID int64) []order.Past {
	list := make([]order.Past, len(p.orders))
	for n, o := range p.orders {
		list[n] = o.Past
		list[n].UserID = ids[o.email]
		if p.abroad && p.isAbroad(o) {
			list[n].Currency = abroad
		}
		if o.Refund != nil {
			list[n].Refund.Actor = fmt.Sprintf("operator:%d", operatorID)
		}
	}
	return list
}

// settles is the creator who settles in the currency of the prices, and abroad the one in which some buyers paid.
const (
	settles = "lin-xi"
	abroad  = "USD"
)

// abroad reports whether the history can have orders in another currency: it has a rate now, and had one when the
// history began. An operator may have set up other currencies, and none of them.
func (s *seeder) abroad(ctx context.Context) (bool, error) {
	for _, at := range []time.Time{s.now.AddDate(0, 0, -historyDays), s.now} {
		table, err := s.mall.Exchange.TableAt(ctx, s.pool, at)
		if err != nil || !slices.Contains(table.Rated(), abroad) {
			return false, err
		}
	}
	return true, nil
}

// isAbroad reports whether an order was paid in another currency: one of three orders of a video of the creator who
// settles, without a coupon and a refund.
func (p *plan) isAbroad(o drawn) bool {
	const random = 10 // what comes before this in a number is the time, which depends on the hour
	if o.PaidAt.IsZero() || o.Refund != nil || o.CouponCode != "" || o.email == emailOf(account.RoleShopper) ||
		spread(o.OrderNo[random:], 3) != 0 {
		return false
	}
	for _, f := range p.videos {
		for _, w := range f.ways {
			if len(o.SKUIDs) == 1 && w.skuID == o.SKUIDs[0] {
				return w.amount > 0 && f.creatorID == p.video("aurora-nights").creatorID
			}
		}
	}
	return false
}

func emailOf(role string) string {
	for _, a := range Accounts {
		if a.Role == role {
			return a.Email
		}
	}
	return ""
}
