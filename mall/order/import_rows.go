package order

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

func (im *importer) copy(ctx context.Context, table string, columns []string, rows [][]any) error {
	if _, err := im.tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows)); err != nil {
		return fmt.Errorf("%d rows of %s: %w", len(rows), table, err)
	}
	return nil
}

func (im *importer) writeOrders(ctx context.Context) error {
	rows := make([][]any, len(im.orders))
	for n, o := range im.orders {
		var coupon *int64
		if o.couponID != 0 {
			coupon = &o.couponID
		}
		rows[n] = []any{
			o.OrderNo,
			o.UserID,
			string(o.Status),
			o.Version,
			o.Total.Amount,
			o.Refunded.Amount,
			o.Total.Currency,
			importKey(o.OrderNo),
			o.requestHash,
			o.PayBefore,
			o.CreatedAt,
			o.PaidAt,
			o.DeliveredAt,
			o.ClosedAt,
			o.RefundedAt,
			coupon,
			o.CouponCode,
		}
	}
	return im.copy(ctx, "video_order", []string{
		"order_no",
		"user_id",
		"status",
		"version",
		"total_amount",
		"refunded_amount",
		"currency",
		"idempotency_key",
		"request_hash",
		"pay_before",
		"created_at",
		"paid_at",
		"delivered_at",
		"closed_at",
		"refunded_at",
		"coupon_id",
		"coupon_code",
	}, rows)
}

func (im *importer) writeItems(ctx context.Context) error {
	var rows [][]any
	for _, o := range im.orders {
		for _, i := range o.Items {
			rows = append(rows, []any{
				o.OrderNo,
				i.LineNo,
				i.SKUID,
				i.SPUID,
				i.CreatorID,
				i.Title.Zh,
				i.Title.En,
				i.Slug,
				i.Cover,
				i.Kind,
				i.Quality,
				i.RentHours,
				i.Quantity,
				i.priceID,
				i.UnitAmount.Amount,
				i.Amount.Amount,
				i.Discount.Amount,
				i.Refunded.Amount,
				i.GrantedAt,
				i.RevokedAt,
			})
		}
	}
	return im.copy(ctx, "video_order_item", []string{
		"order_no",
		"line_no",
		"sku_id",
		"spu_id",
		"creator_id",
		"title_zh",
		"title_en",
		"slug",
		"cover",
		"kind",
		"quality",
		"rent_hours",
		"quantity",
		"price_id",
		"unit_amount",
		"amount",
		"discount_amount",
		"refunded_amount",
		"granted_at",
		"revoked_at",
	}, rows)
}

func (im *importer) writeMoves(ctx context.Context) error {
	var rows [][]any
	for n, o := range im.orders {
		move := func(version int, from, to Status, cause, actor string, at time.Time) {
			rows = append(rows, []any{o.OrderNo, string(from), string(to), version, cause, actor, at})
		}
		move(1, Init, PendingPay, "placed", shopper(o.UserID), o.CreatedAt)
		if o.PaidAt == nil {
			move(2, PendingPay, Closed, "not_paid_in_time", "system", *o.ClosedAt)
			continue
		}
		cause, actor := "notice", "provider:"+im.past[n].Provider
		if o.Total.IsZero() {
			cause, actor = "free", shopper(o.UserID)
		}
		move(2, PendingPay, Paid, cause, actor, *o.PaidAt)
		move(3, Paid, Delivered, "granted", "system", *o.DeliveredAt)
		if o.Status == Refunded {
			move(4, Delivered, Refunded, byOperator, im.past[n].Refund.Actor, *o.RefundedAt)
		}
	}
	return im.copy(ctx, "order_transition", []string{
		"order_no",
		"from_status",
		"to_status",
		"version",
		"cause",
		"actor",
		"at",
	}, rows)
}

// importKey is the idempotency key of an imported order. Nobody else can have chosen it: numbers are given after keys.
func importKey(orderNo string) string { return "import-" + orderNo }
