package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"time"

	"videomall/demo"
	"videomall/jobs"
	"videomall/mall/account"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// grants is how many paid orders grant_delay is taken from.
const grants = 50

// plays measures the way from a paid notice to the right to watch, with workers, and the handing out of play tokens.
func (b *bench) plays(ctx context.Context) ([]row, error) {
	workers, err := jobs.New(jobs.Deps{
		Pool:    b.program.Pools.Primary,
		Mall:    b.program.Mall,
		Log:     b.program.Log,
		Metrics: b.program.Metrics,
	})
	if err != nil {
		return nil, err
	}
	if err := workers.Start(ctx); err != nil {
		return nil, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_ = workers.StopAndCancel(ctx)
	}()
	granted, videoID, err := b.grantDelay(ctx)
	if err != nil {
		return nil, err
	}
	token, err := b.program.Mall.Accounts.IssueToken(ctx, account.TokenRequest{
		Email:    demo.Accounts[0].Email,
		Password: demo.Password,
		Addr:     "127.0.0.1",
	})
	if err != nil {
		return nil, err
	}
	device, err := cookiejar.New(nil) // the mall knows a screen by its cookie, and plays on one at a time
	if err != nil {
		return nil, err
	}
	screen := &bench{url: b.url, client: &http.Client{
		Transport: b.client.Transport,
		Timeout:   b.client.Timeout,
		Jar:       device,
	}}
	played, err := load(ctx, 0, func(ctx context.Context, _ int) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet,
			fmt.Sprintf("%s/api/v1/mall/play/auth/%d", b.url, videoID), nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token.Value)
		return screen.send(r, http.StatusOK)
	})
	if err != nil {
		return nil, fmt.Errorf("play tokens: %w", err)
	}
	return []row{granted, {
		Name:  "play_token",
		Value: round(played.perSecond),
		Unit:  "tokens/s",
		P50:   milliseconds(played.p50),
		P99:   milliseconds(played.p99),
	}}, nil
}

// grantDelay pays orders one after the other and waits for each to be delivered: PAID to DELIVERED, by the database.
func (b *bench) grantDelay(ctx context.Context) (row, int64, error) {
	skuIDs, err := b.plenty(ctx)
	if err != nil {
		return row{}, 0, err
	}
	var videoID int64
	var waited []time.Duration
	for n := range grants {
		buyer := b.people[n%len(b.people)]
		body, err := b.waitingPayment(ctx, buyer, skuIDs[n/len(b.people)%len(skuIDs)])
		if err != nil {
			return row{}, 0, err
		}
		o, err := b.payAndAwait(ctx, body)
		if err != nil {
			return row{}, 0, err
		}
		if buyer.ID == b.people[0].ID {
			videoID = o.Items[0].SPUID
		}
		waited = append(waited, o.DeliveredAt.Sub(*o.PaidAt))
	}
	return delayRow("grant_delay", waited), videoID, nil
}

func (b *bench) payAndAwait(ctx context.Context, body []byte) (order.Order, error) {
	var notice struct{ OutTradeNo string }
	if err := json.Unmarshal(body, &notice); err != nil {
		return order.Order{}, err
	}
	header := http.Header{}
	header.Set(sandbox.SignatureHeader, sandbox.Sign(string(b.cfg.Sandbox), time.Now(), body))
	if _, _, err := b.program.Mall.Orders.ApplyNotice(ctx, sandbox.Name, header, body); err != nil {
		return order.Order{}, err
	}
	orderNo, err := b.program.Mall.Payments.ReferenceOf(ctx, notice.OutTradeNo)
	if err != nil {
		return order.Order{}, err
	}
	for range 6000 {
		o, err := b.program.Mall.Orders.GetAny(ctx, orderNo)
		if err != nil || o.Status == order.Delivered {
			return o, err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return order.Order{}, fmt.Errorf("order %s was never delivered", orderNo)
}
