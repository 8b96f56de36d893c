package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall"
	"videomall/mall/account"
	"videomall/mall/backoffice"
	"videomall/mall/catalog"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/mall/promotion"
	"videomall/mall/review"
	"videomall/mall/risk"
	"videomall/mall/webhook"
)

// The coupons of the demo: one of its creator, and one of the mall.
const (
	creatorCoupon = "LINXI15"
	mallCoupon    = "WELCOME5"
)

// offers creates the coupons and a bundle, dated some weeks ago.
func (s *seeder) offers(ctx context.Context) error {
	clock := s.now.AddDate(0, 0, -historyDays)
	audited, _ := s.at(&clock)
	shop := mall.Promotions(mall.PromotionsDeps{
		Pool:      s.pool,
		Catalog:   s.mall.Catalog,
		Inventory: s.mall.Inventory,
		Now:       func() time.Time { return clock },
		Audit:     audited,
	})
	operator, err := s.mall.Accounts.ByEmail(ctx, emailOf(account.RoleOperator))
	if err != nil {
		return err
	}
	creator, err := s.mall.Accounts.ByEmail(ctx, emailOf(account.RoleCreator))
	if err != nil {
		return err
	}
	terms := promotion.Terms{
		Currency:   currency,
		ValidFrom:  clock,
		ValidUntil: s.now.AddDate(0, 2, 0),
		TotalLimit: 500,
		PerUser:    1,
	}
	ofCreator, ofMall := terms, terms
	ofCreator.PercentOff = 15
	ofMall.AmountOff = 500
	for _, c := range []struct {
		by    promotion.Actor
		code  string
		terms promotion.Terms
	}{
		{promotion.Actor{UserID: creator.ID}, creatorCoupon, ofCreator},
		{promotion.Actor{UserID: operator.ID, Operator: true}, mallCoupon, ofMall},
	} {
		// ErrCouponInvalid: the coupon exists already
		if _, err := shop.CreateCoupon(ctx, c.by, c.code, c.terms); err != nil &&
			!errors.Is(err, promotion.ErrCouponInvalid) {
			return err
		}
	}
	clock = s.now.AddDate(0, 0, -20)
	if made, err := shop.BundlesOf(ctx, creator.ID, 0, 1); err != nil || len(made) > 0 {
		return err
	}
	bundle := promotion.BundleTerms{
		Name:       locale.Text{Zh: "雪与沙：两部安静的自然片", En: "Snow and sand: two quiet films"},
		PercentOff: 20,
	}
	for _, slug := range []string{"snow-in-the-pines", "shape-of-dunes"} {
		product, err := s.mall.Catalog.ProductBySlug(ctx, slug)
		if err != nil {
			return err
		}
		for _, k := range product.SKUs {
			if k.Kind == catalog.KindOwn && k.Quality == catalog.QualityHD {
				bundle.SKUIDs = append(bundle.SKUIDs, k.ID)
			}
		}
	}
	_, err = shop.CreateBundle(ctx, creator.ID, bundle)
	return err
}

// payout is a payout that a creator requested, with its outcome. part is a percentage of the available balance.
type payout struct {
	creator   string // slug
	daysAgo   int
	part      int64
	approved  bool
	reference string // the bank's, for a payout that was paid
	refused   string // the reason
}

var payouts = []payout{
	{
		creator:   "lin-xi",
		daysAgo:   34,
		part:      25,
		approved:  true,
		reference: "BANK-20417",
	},
	{
		creator:   "harbour-light",
		daysAgo:   27,
		part:      20,
		approved:  true,
		reference: "BANK-20466",
	},
	{
		creator: "night-train",
		daysAgo: 12,
		part:    30,
		refused: "The account's name differs from the creator's. Please check where you are paid.",
	},
	{
		creator:  "hearthside",
		daysAgo:  4,
		part:     40,
		approved: true,
	},
	{
		creator: "lin-xi",
		daysAgo: 2,
		part:    30,
	},
}

// books writes what the staff did with money, in chronological order: their refunds and the payouts.
func (s *seeder) books(ctx context.Context, p *plan) error {
	if done, err := s.mall.Ledger.PayoutsOf(ctx, s.creators[payouts[len(payouts)-1].creator], 0, 2); err != nil ||
		len(done) == 2 {
		return err
	}
	operator, err := s.mall.Accounts.ByEmail(ctx, emailOf(account.RoleOperator))
	if err != nil {
		return err
	}
	var clock time.Time
	audited, books := s.at(&clock)
	for _, name := range []string{"lin-xi", "harbour-light", "night-train", "hearthside"} {
		clock = s.now.AddDate(0, 0, -80)
		id := s.creators[name]
		to := ledger.Destination{
			Name:    name,
			Account: fmt.Sprintf("CN62 1700 %04d %04d", spread(name, 9999), spread(name+" bank", 9999)),
		}
		if known, err := books.DestinationOf(ctx, id); err != nil || known.IsZero() {
			if err = errors.Join(err, books.SetDestination(ctx, id, to)); err != nil {
				return err
			}
		}
	}
	refunds := p.refunds()
	for n, pay := range payouts {
		due := s.now.AddDate(0, 0, -pay.daysAgo)
		for ; len(refunds) > 0 && refunds[0].Refund.At.Before(due); refunds = refunds[1:] {
			clock = refunds[0].Refund.At
			if err := s.noteRefund(ctx, audited, operator.ID, refunds[0]); err != nil {
				return err
			}
		}
		clock = due
		if err := s.payOut(ctx, books, &clock, operator.ID, n, pay); err != nil {
			return fmt.Errorf("payout %d: %w", n, err)
		}
	}
	for _, r := range refunds {
		clock = r.Refund.At
		if err := s.noteRefund(ctx, audited, operator.ID, r); err != nil {
			return err
		}
	}
	return s.stray(ctx)
}

func (s *seeder) payOut(ctx context.Context, books *ledger.Ledger, clock *time.Time, operatorID int64, n int,
	pay payout,
) error {
	id := s.creators[pay.creator]
	accounts, err := books.AccountsOf(ctx, id)
	if err != nil {
		return err
	}
	var sum int64
	for _, a := range accounts {
		if a.Currency == currency {
			sum = a.Available * pay.part / 100
		}
	}
	made, err := books.RequestPayout(ctx, id, money.Of(sum, currency), fmt.Sprintf("demo-%d", n))
	if err != nil || made.State != ledger.Requested {
		return err
	}
	*clock = clock.Add(20 * time.Hour)
	if pay.refused != "" {
		return books.RefusePayout(ctx, operatorID, made.ID, made.Version, pay.refused)
	}
	if !pay.approved {
		return nil
	}
	if err := books.ApprovePayout(ctx, operatorID, made.ID, made.Version, ""); err != nil || pay.reference == "" {
		return err
	}
	*clock = clock.Add(26 * time.Hour)
	return books.MarkPaid(ctx, operatorID, made.ID, made.Version+1, pay.reference)
}

// noteRefund writes to the audit log that the operator refunded an order.
func (s *seeder) noteRefund(ctx context.Context, audited backoffice.AuditFunc, operatorID int64, o drawn) error {
	if _, err := s.mall.Orders.GetAny(ctx, o.OrderNo); err != nil {
		if errors.Is(err, order.ErrNotFound) { // this order is newer than the history, which was written on another day
			return nil
		}
		return err
	}
	subject := "order:" + o.OrderNo
	if noted, err := s.mall.Audit.About(ctx, []string{subject}, 1); err != nil || len(noted) > 0 {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		return audited(ctx, tx, operatorID, "order.refund", subject,
			map[string]any{"refund": o.Refund.RefundNo, "reason": o.Refund.Reason})
	})
}

// refunds returns the orders that were refunded, in the order of their refunds.
func (p *plan) refunds() []drawn {
	var list []drawn
	for _, o := range p.orders {
		if o.Refund != nil {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b drawn) int { return a.Refund.At.Compare(b.Refund.At) })
	return list
}

// stray writes a payment without an order. It waits in the suspense account, with a case.
func (s *seeder) stray(ctx context.Context) error {
	m := order.Money{
		Provider:     sandbox.Name,
		AttemptNo:    "01DEMO0STRAY0PAYMENT000001",
		ChannelTxnNo: "txn01DEMO0STRAY0PAYMENT000001",
		Amount:       money.Of(1800, currency),
		At:           s.now.Add(-5 * time.Hour),
	}
	outcome, err := s.mall.Orders.ConfirmPaid(ctx, m)
	if err != nil || outcome != order.OutcomeUnknownOrder {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		return s.mall.Sandbox.ImportTx(ctx, tx, []payment.Past{{
			AttemptNo:    m.AttemptNo,
			Reference:    m.AttemptNo,
			Provider:     m.Provider,
			ChannelTxnNo: m.ChannelTxnNo,
			Amount:       m.Amount,
			CreatedAt:    m.At,
			ExpiresAt:    m.At.Add(time.Hour),
			PaidAt:       m.At,
		}})
	})
}

// desk writes the tasks that the staff and the creator have today.
func (s *seeder) desk(ctx context.Context) error {
	if known, err := s.mall.Reviews.Takedowns(ctx, 0, 1); err != nil || len(known) > 0 {
		return err
	}
	operator, err := s.mall.Accounts.ByEmail(ctx, emailOf(account.RoleOperator))
	if err != nil {
		return err
	}
	for word, weight := range map[string]int{"miracle cure": 40, "guaranteed profit": 60, "包治百病": 40} {
		// ErrInvalid: the word exists already
		if err := s.mall.Reviews.AddWord(ctx, operator.ID, word, weight); err != nil &&
			!errors.Is(err, review.ErrInvalid) {
			return err
		}
	}
	if living, err := s.mall.Lists.Living(ctx); err != nil {
		return err
	} else if len(living) == 0 {
		if err := s.mall.Lists.Add(ctx, risk.NewEntry{
			Effect:  risk.Deny,
			Kind:    risk.Address,
			Subject: "203.0.113.0/24",
			Reason:  "Guessed coupon codes for a whole night",
			By:      risk.Subject{UserID: operator.ID},
		}); err != nil {
			return err
		}
	}
	if err := s.webhook(ctx); err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	if err := s.submissions(ctx, operator.ID); err != nil {
		return fmt.Errorf("review desk: %w", err)
	}
	product, err := s.mall.Catalog.FindAny(ctx, "eight-strokes")
	if err != nil {
		return err
	}
	down, err := s.mall.Reviews.TakeDown(ctx, operator.ID, review.Target{
		SPUID:      product.SPUID,
		CreatorID:  product.CreatorID,
		Title:      product.Title,
		Reason:     "A claim on the copybook's pictures; the creator has shown the licence since.",
		KeepAccess: true,
	})
	if err != nil {
		return err
	}
	return s.mall.Reviews.Undo(ctx, operator.ID, down.ID)
}

// webhook gives the demo's creator an endpoint at an address where nothing listens. It has one failed test, and is
// switched off.
func (s *seeder) webhook(ctx context.Context) error {
	id := s.creators["lin-xi"]
	if known, err := s.mall.Webhooks.List(ctx, id); err != nil || len(known) > 0 {
		return err
	}
	made, _, err := s.mall.Webhooks.Add(ctx, id, webhook.Draft{
		URL:   "http://127.0.0.1:9/video-mall",
		Types: []string{"order.paid", "order.refunded", "payout.paid"},
	})
	if err != nil {
		return err
	}
	if _, err := s.mall.Webhooks.Test(ctx, id, made.ID); err != nil {
		return err
	}
	if _, err := s.mall.Webhooks.Turn(ctx, made.ID); err != nil {
		return err
	}
	if made, err = s.mall.Webhooks.Get(ctx, id, made.ID); err != nil {
		return err
	}
	return s.mall.Webhooks.Switch(ctx, id, made.ID, made.Version, false)
}
