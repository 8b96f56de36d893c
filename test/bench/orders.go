package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/demo"
	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// mostOrders bounds what one measurement writes.
const mostOrders = 6000

func (b *bench) anyVideos(ctx context.Context) ([]catalog.Card, error) {
	page, err := b.program.Mall.Catalog.List(ctx, catalog.Filter{Sort: "newest", Limit: 24})
	if err != nil {
		return nil, err
	}
	return page.Items, nil
}

// plenty lists one SKU a video that costs something and never sells out.
func (b *bench) plenty(ctx context.Context) (skuIDs []int64, err error) {
	videos, err := b.anyVideos(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range videos {
		p, err := b.program.Mall.Catalog.ProductBySlug(ctx, f.Slug)
		if err != nil {
			return nil, err
		}
		for _, k := range p.SKUs {
			if !k.StockLimited && k.Price != nil && k.Price.Amount.Amount > 0 {
				skuIDs = append(skuIDs, k.ID)
				break
			}
		}
	}
	return skuIDs, nil
}

// orders measures POST /orders over many SKUs: authentication, idempotency and a durable commit before each answer;
// against the same rows of one order, written by bare pgx in one transaction an order.
func (b *bench) orders(ctx context.Context) ([]row, error) {
	skuIDs, err := b.plenty(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := b.tokens(ctx, "orders", 1) // somebody who owns none of them
	if err != nil {
		return nil, err
	}
	got, err := load(ctx, mostOrders, func(ctx context.Context, n int) error {
		r, err := orderRequest(ctx, b.url, tokens[0], skuIDs[n%len(skuIDs)])
		if err != nil {
			return err
		}
		return b.send(r, http.StatusCreated)
	})
	if err != nil {
		return nil, fmt.Errorf("place orders: %w", err)
	}
	limit, err := load(ctx, mostOrders, func(ctx context.Context, n int) error {
		return insertOrder(ctx, b.program.Pools.Primary, n)
	})
	if err != nil {
		return nil, fmt.Errorf("insert orders: %w", err)
	}
	return []row{against("place_order_cold", "orders/s", got, limit)}, nil
}

// token is the demo shopper's.
func (b *bench) token(ctx context.Context) (string, error) {
	t, err := b.program.Mall.Accounts.IssueToken(ctx, account.TokenRequest{
		Email:    demo.Accounts[0].Email,
		Password: demo.Password,
		Addr:     "127.0.0.1",
	})
	return t.Value, err
}

// orderRequest orders one of a SKU under a key of its own.
func orderRequest(ctx context.Context, mall, token string, skuID int64) (*http.Request, error) {
	body, err := json.Marshal(map[string]any{"items": []map[string]any{{"skuId": skuID, "quantity": 1}}})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, mall+"/api/v1/mall/orders", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", uuid.NewString())
	return r, nil
}

// insertOrder writes what placing one order leaves behind, and nothing else, in one round trip before the commit.
func insertOrder(ctx context.Context, pool *pgxpool.Pool, n int) error {
	no := fmt.Sprintf("%026d", n)
	return db.InTx(ctx, pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(`insert into video_order (order_no, user_id, status, version, total_amount, currency,
			idempotency_key, request_hash, pay_before)
			values ($1, 1, 'PENDING_PAY', 1, 990, 'CNY', $1, '\x00', now() + interval '2 hours')`, no)
		batch.Queue(`insert into video_order_item (order_no, line_no, sku_id, spu_id, creator_id, title_zh, title_en,
			slug, kind, quality,
			rent_hours, quantity, price_id, unit_amount, amount)
			values ($1, 1, 1, 1, 1, '影片', 'Film', 'film', 'own', 'HD', 0, 1, 1, 990, 990)`, no)
		batch.Queue(`insert into order_transition (order_no, from_status, to_status, version, cause, actor)
			values ($1, 'INIT', 'PENDING_PAY', 1, 'placed', 'bench')`, no)
		batch.Queue(`insert into outbox_event (type, aggregate, payload) values ('bench', $1, '{"orderNo": "x"}')`,
			"order:"+no)
		batch.Queue(`insert into river_job (kind, args, state, scheduled_at, max_attempts)
			values ('bench', '{}', 'scheduled', now() + interval '2 hours', 1)`)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// notices measures a provider's notices that pay waiting orders, over HTTP with their signatures; against the rows
// that such a notice writes and moves, by bare pgx.
func (b *bench) notices(ctx context.Context) ([]row, error) {
	bodies, err := b.waitingPayments(ctx, mostNotices)
	if err != nil {
		return nil, err
	}
	got, err := load(ctx, len(bodies), func(ctx context.Context, n int) error {
		return b.notify(ctx, b.url, bodies[n])
	})
	if err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	limit, err := load(ctx, mostNotices, func(ctx context.Context, n int) error {
		return payOrder(ctx, b.program.Pools.Primary, n)
	})
	if err != nil {
		return nil, fmt.Errorf("pay orders: %w", err)
	}
	return []row{against("notice", "notices/s", got, limit)}, nil
}

// notify sends a notice to the mall at an address, as the provider signs it.
func (b *bench) notify(ctx context.Context, mall string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, mall+"/api/v1/mall/payments/callback/sandbox",
		bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(sandbox.SignatureHeader, sandbox.Sign(string(b.cfg.Sandbox), time.Now(), body))
	return b.send(r, http.StatusOK)
}

const mostNotices = 2500

// waitingPayments places orders, opens their payments, and returns the notices that would pay them.
func (b *bench) waitingPayments(ctx context.Context, n int) ([][]byte, error) {
	skuIDs, err := b.plenty(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := b.tokens(ctx, "notices", 1) // somebody who owns none of them
	if err != nil {
		return nil, err
	}
	buyer, err := b.program.Mall.Accounts.TokenUser(ctx, tokens[0])
	if err != nil {
		return nil, err
	}
	bodies := make([][]byte, n)
	_, err = load(ctx, n, func(ctx context.Context, i int) (err error) {
		bodies[i], err = b.waitingPayment(ctx, buyer.User, skuIDs[i%len(skuIDs)])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open payments: %w", err)
	}
	made := bodies[:0]
	for _, body := range bodies {
		if body != nil {
			made = append(made, body)
		}
	}
	return made, nil
}

func (b *bench) waitingPayment(ctx context.Context, buyer account.User, skuID int64) ([]byte, error) {
	o, _, err := b.program.Mall.Orders.Place(ctx, order.PlaceRequest{
		UserID:         buyer.ID,
		IdempotencyKey: uuid.NewString(),
		Items:          []order.Line{{SKUID: skuID, Quantity: 1}},
	})
	if err != nil {
		return nil, err
	}
	a, err := b.program.Mall.Orders.Prepay(ctx, order.PrepayRequest{
		UserID:    buyer.ID,
		OrderNo:   o.OrderNo,
		Provider:  sandbox.Name,
		ReturnURL: b.url + "/orders/" + o.OrderNo,
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"eventId":      "bench-" + a.AttemptNo,
		"type":         "payment.succeeded",
		"outTradeNo":   a.AttemptNo,
		"channelTxnNo": "txn-" + a.AttemptNo,
		"amount":       a.Amount.Amount,
		"currency":     a.Amount.Currency,

		"occurredAt": time.Now().UTC().Format(time.RFC3339),
	})
}

// payOrder writes what one notice leaves behind, on an order that insertOrder made.
func payOrder(ctx context.Context, pool *pgxpool.Pool, n int) error {
	no := fmt.Sprintf("%026d", n)
	return db.InTx(ctx, pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(`insert into payment_notice (provider, event_id, type, attempt_no, channel_txn_no, amount, currency,
			raw, outcome, occurred_at, received_at)
			values ('bench', $1, 'payment.succeeded', $1, $1, 990, 'CNY', '{}', 'paid', now(), now())`, no)
		batch.Queue(`insert into payment_capture (provider, channel_txn_no, attempt_no, reference, amount, currency,
			state, captured_at)
			values ('bench', $1, $1, $1, 990, 'CNY', 'consumed', now())`, no)
		batch.Queue(`with p as (insert into ledger_posting (kind, reference) values ('bench', $1) returning id)
			insert into ledger_line (posting_id, account, amount, currency)
			select id, a, n, 'CNY' from p, (values ('channel:bench', 990), ('sales', -990)) v(a, n)`, no)
		batch.Queue(`update video_order set status = 'PAID', version = 2, paid_at = now() where order_no = $1
			and status = 'PENDING_PAY'`, no)
		batch.Queue(`insert into order_transition (order_no, from_status, to_status, version, cause, actor)
			values ($1, 'PENDING_PAY', 'PAID', 2, 'notice', 'bench')`, no)
		batch.Queue(`insert into outbox_event (type, aggregate, payload) values ('bench', $1, '{"orderNo": "x"}')`,
			"order:"+no)
		batch.Queue(`insert into river_job (kind, args, state, scheduled_at, max_attempts)
			select 'bench', '{}', 'scheduled', now() + interval '2 hours', 1 from generate_series(1, 2)`)
		return tx.SendBatch(ctx, batch).Close()
	})
}
