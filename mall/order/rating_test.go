package order_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// rates has a person rate the video of an order with so many stars.
func (s *shop) rates(userID int64, o order.Order, stars int) {
	s.t.Helper()
	_, err := s.catalog.AddReview(s.ctx, catalog.NewReview{
		SPUID:  o.Items[0].SPUID,
		UserID: userID,
		Owned:  true,
		Held:   s.entitlements.LockHeldTx,
		Author: "A",
		Rating: stars,
		Locale: "en",
	})
	s.ok(err)
}

// rated fails unless the video of an order has count ratings with sum stars together, and refunded of its reviews are
// marked as refunded.
func (s *shop) rated(o order.Order, count, sum int64, refunded int) {
	s.t.Helper()
	p, err := s.catalog.Product(s.ctx, o.Items[0].SPUID)
	s.ok(err)
	page, err := s.catalog.Reviews(s.ctx, o.Items[0].SPUID, "", 50)
	s.ok(err)
	marked := 0
	for _, r := range page.Items {
		if r.Refunded {
			marked++
		}
	}
	if p.RatingCount != count || p.RatingSum != sum || marked != refunded {
		s.t.Errorf("%d ratings with %d stars and %d refunded, want %d, %d and %d", p.RatingCount, p.RatingSum, marked,
			count, sum, refunded)
	}
	s.whole()
}

func (s *shop) refund(o order.Order, key string) error {
	_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Actor:   "operator:2",
		Key:     key,
	})
	return err
}

func TestRefunds_Request_rating(t *testing.T) {
	t.Run("leaves_the_average_and_comes_back_with_a_new_purchase", func(t *testing.T) {
		s := open(t)
		video := s.sells(990, -1)
		o, other := s.bought(alice, one(video)), s.bought(bob, one(video))
		s.rates(alice, o, 1)
		s.rates(bob, other, 5)
		s.rated(o, 2, 6, 0)
		s.ok(s.refund(o, "k"))
		s.rated(o, 1, 5, 1) // the rating ends with the access, before the bank has answered
		s.refunds()
		s.rated(o, 1, 5, 1)
		s.bought(alice, one(video))
		s.rated(o, 2, 6, 0)
	})
	t.Run("stays_while_another_purchase_stands", func(t *testing.T) {
		s := open(t)
		own, rent := s.sellsBoth(900, 300)
		rented := s.bought(alice, one(rent))
		owned := s.bought(alice, one(own))
		s.rates(alice, rented, 2)
		s.ok(s.refund(owned, "k"))
		s.rated(rented, 1, 2, 0)
		s.ok(s.refund(rented, "k"))
		s.rated(rented, 0, 0, 1)
	})
	t.Run("comes_back_when_the_refund_fails", func(t *testing.T) {
		s := open(t)
		o := s.place(alice, one(s.sells(990, 2)))
		s.pay(o, sandbox.PayOptions{RefundsFail: true})
		s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
		s.rates(alice, o, 1)
		s.ok(s.refund(o, "k"))
		s.rated(o, 0, 0, 1)
		s.refunds()
		s.rated(o, 1, 1, 0)
	})
	t.Run("of_one_item_of_two", func(t *testing.T) {
		s := open(t)
		o := s.bought(alice, one(s.sells(990, -1), s.sells(500, -1)))
		s.rates(alice, o, 1)
		_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
			OrderNo: o.OrderNo,
			ItemIDs: []int64{o.Items[1].ID},
			Key:     "a",
		})
		s.ok(err)
		s.rated(o, 1, 1, 0)
		s.ok(s.refund(o, "b"))
		s.rated(o, 0, 0, 1)
	})
	t.Run("of_a_free_video", func(t *testing.T) {
		s := open(t)
		o := s.bought(alice, one(s.sells(0, -1)))
		s.rates(alice, o, 1)
		s.ok(s.refund(o, "k"))
		s.rated(o, 0, 0, 1)
	})
	t.Run("of_both_purchases_at_once", func(t *testing.T) {
		s := open(t)
		own, rent := s.sellsBoth(900, 300)
		rented := s.bought(alice, one(rent))
		owned := s.bought(alice, one(own))
		s.rates(alice, rented, 2)
		done := make(chan error, 2)
		s.ok(pgx.BeginFunc(s.ctx, s.pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(s.ctx, `select from video_product_spu where id = $1 for update`, rented.Items[0].SPUID)
			s.ok(err)
			go func() { done <- s.refund(rented, "k") }()
			go func() { done <- s.refund(owned, "k") }()
			s.blocked(2) // neither refund sees the other one yet
			return nil
		}))
		s.ok(errors.Join(<-done, <-done))
		s.rated(rented, 0, 0, 1)
	})
	t.Run("while_the_review_is_written", func(t *testing.T) {
		s := open(t)
		o := s.bought(alice, one(s.sells(990, -1)))
		done := make(chan error, 1)
		_, err := s.catalog.AddReview(s.ctx, catalog.NewReview{
			SPUID:  o.Items[0].SPUID,
			UserID: alice,
			Owned:  true,
			Held: func(ctx context.Context, tx pgx.Tx, userID, spuID int64) (bool, error) {
				held, err := s.entitlements.LockHeldTx(ctx, tx, userID, spuID)
				go func() { done <- s.refund(o, "k") }()
				s.blocked(1)
				return held, err
			},
			Author: "A",
			Rating: 1,
			Locale: "en",
		})
		s.ok(err)
		s.ok(<-done)
		s.rated(o, 0, 0, 1)
	})
	t.Run("before_the_review_is_written", func(t *testing.T) {
		s := open(t)
		o := s.bought(alice, one(s.sells(990, -1)))
		s.ok(s.refund(o, "k"))
		_, err := s.catalog.AddReview(s.ctx, catalog.NewReview{
			SPUID:  o.Items[0].SPUID,
			UserID: alice,
			Owned:  true,
			Held:   s.entitlements.LockHeldTx,
			Author: "A",
			Rating: 1,
			Locale: "en",
		})
		if !errors.Is(err, catalog.ErrReviewNotOwned) {
			t.Errorf("a review of a refunded video: %v", err)
		}
		s.rated(o, 0, 0, 0)
	})
}
