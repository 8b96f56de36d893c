package order

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
)

// The states of what a buyer asks to have back.
const (
	AskRequested = "requested"
	AskApproved  = "approved"
	AskDeclined  = "declined"
	AskWithdrawn = "withdrawn"
)

// MaxAskReason is how long the buyer's reason and the staff's answer may be, in characters.
const MaxAskReason = 500

// The faults of requests.
var (
	ErrAskOpen = fault.New(fault.Conflict, "refund_request_open",
		"There is a request for this already, which waits for an answer.")
	ErrAskDecided = fault.New(fault.Conflict, "refund_request_decided",
		"This request has been decided already.")
	ErrAskNotFound = fault.New(fault.NotFound, "refund_request_not_found", "There is no such request.")
	ErrAskReason   = fault.New(fault.Invalid, "refund_request_reason", "Say why, in 1 to 500 characters.")
	ErrOwnMoney    = fault.New(fault.Forbidden, "refund_request_own", "Nobody decides about their own money.")
)

// Ask is what a buyer asks to have back: some items of an order, or all that is left of it if none is named. Key is
// the caller's name for this request: the same key is the same request.
type Ask struct {
	UserID  int64
	OrderNo string
	ItemIDs []int64
	Reason  string
	Key     string
}

// Asked is a request of a buyer. Outside says why it waited for the staff, and is empty for one that was within the
// policy (ByRule). Answer is what the staff said to the buyer.
type Asked struct {
	ID        int64
	OrderNo   string
	Reason    string
	Status    string
	ByRule    bool
	Outside   string
	RefundNo  string
	Answer    string
	DecidedBy string
	CreatedAt time.Time
	DecidedAt *time.Time
	Items     []AskedItem
}

// AskedItem is an item of a request, with how much of it had been watched then, in percent.
type AskedItem struct {
	ItemID  int64
	Watched int
}

// Ask records what a buyer asks to have back. If all of it is within the policy that was shown with the order, it is
// refunded in the same transaction; otherwise it waits for the staff. An item waits in one request at most. Errors:
// ErrNotFound, ErrKeyMissing, ErrAskReason, ErrUnknownItem, ErrNotRefundable, ErrNothingLeft, ErrAskOpen.
func (s *Refunds) Ask(ctx context.Context, a Ask) (asked Asked, err error) {
	if a.Key == "" || len(a.Key) > maxKeyLength {
		return Asked{}, ErrKeyMissing
	}
	if a.Reason, err = readable(a.Reason); err != nil {
		return Asked{}, err
	}
	o, err := s.orderOf(ctx, a.OrderNo)
	if err != nil {
		return Asked{}, err
	}
	if o.UserID != a.UserID {
		return Asked{}, ErrNotFound.Because("order %s is not of user %d", a.OrderNo, a.UserID)
	}
	watched, err := s.watched(ctx, o)
	if err != nil {
		return Asked{}, err
	}
	err = db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		o, err := s.lockTx(ctx, tx, a.OrderNo)
		if err != nil {
			return err
		}
		known, err := s.q.RequestByKey(ctx, tx, dbsqlc.RequestByKeyParams{OrderNo: a.OrderNo, RequestKey: a.Key})
		if err == nil {
			asked, err = s.askedTx(ctx, tx, known)
			return err
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("refund request by key: %w", err)
		}
		asked, err = s.askTx(ctx, tx, o, a, watched)
		return err
	})
	if db.IsUnique(err, "order_refund_request_item_open") {
		return Asked{}, ErrAskOpen.Because("%w", err)
	}
	return asked, err
}

// askTx records a request, and makes its refund if the policy says so.
func (s *Refunds) askTx(ctx context.Context, tx pgx.Tx, o Order, a Ask, watched map[int64]int) (Asked, error) {
	if o.Status != Paid && o.Status != Delivered {
		return Asked{}, ErrNotRefundable.Because("order %s is %s", o.OrderNo, o.Status)
	}
	shares, err := s.sharesTx(ctx, tx, o, a.ItemIDs)
	if err != nil {
		return Asked{}, err
	}
	if shares = slices.DeleteFunc(shares, func(r RefundItem) bool { return r.Amount.IsZero() }); len(shares) == 0 {
		return Asked{}, ErrNothingLeft.Because("items %v of %s cost nothing", a.ItemIDs, o.OrderNo)
	}
	now, outside := s.deps.Now(), ""
	var items []int64
	var parts []int32
	for _, i := range shared(o, shares) {
		items, parts = append(items, i.ID), append(parts, int32(watched[i.SPUID]))
		if outside == "" {
			outside = o.Policy.judge(*o.PaidAt, watched[i.SPUID], now)
		}
	}
	exact := s.exactTx(ctx, tx, o, shares)
	if exact != nil && !errors.Is(exact, ErrRefundRounds) {
		return Asked{}, exact
	}
	if outside == "" && (!o.Policy.ByRule || exact != nil) {
		outside = OutsideStaff
	}
	row, err := s.q.InsertRequest(ctx, tx, dbsqlc.InsertRequestParams{
		OrderNo:    o.OrderNo,
		RequestKey: a.Key,
		Reason:     a.Reason,
		Outside:    outside,
		CreatedAt:  now,
	})
	if err != nil {
		return Asked{}, fmt.Errorf("write a refund request of %s: %w", o.OrderNo, err)
	}
	if err := s.q.InsertRequestItems(ctx, tx, dbsqlc.InsertRequestItemsParams{
		RequestID: row.ID,
		ItemIds:   items,
		Watched:   parts,
	}); err != nil {
		return Asked{}, fmt.Errorf("write the items of refund request %d: %w", row.ID, err)
	}
	if outside != "" {
		return s.askedTx(ctx, tx, row)
	}
	refund, err := s.refundTx(ctx, tx, o, RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: items,
		Reason:  a.Reason,
		Actor:   shopper(a.UserID),
		Key:     askKey(row.ID),
	}, byShopper)
	if err != nil {
		return Asked{}, err
	}
	return s.decideTx(ctx, tx, dbsqlc.DecideRequestParams{
		ID:        row.ID,
		Status:    AskApproved,
		ByRule:    true,
		RefundNo:  &refund.RefundNo,
		DecidedBy: "rule",
	})
}

func askKey(id int64) string { return "request:" + strconv.FormatInt(id, 10) }

// Withdraw ends a request that waits, for the buyer who made it. Errors: ErrAskNotFound, ErrAskDecided.
func (s *Refunds) Withdraw(ctx context.Context, userID int64, orderNo string, id int64) error {
	return s.onAsk(ctx, id, func(tx pgx.Tx, o Order, row dbsqlc.OrderRefundRequest) error {
		if o.UserID != userID || o.OrderNo != orderNo {
			return ErrAskNotFound.Because("request %d is not of user %d and order %s", id, userID, orderNo)
		}
		if row.Status != AskRequested {
			return ErrAskDecided.Because("request %d is %s", id, row.Status)
		}
		_, err := s.decideTx(ctx, tx, dbsqlc.DecideRequestParams{
			ID:        id,
			Status:    AskWithdrawn,
			DecidedBy: shopper(userID),
		})
		return err
	})
}

// Approval is how the staff approves a request: all that is left of its items, an amount of it, or, with Unwatched,
// what of them has not been watched. Answer may be empty.
type Approval struct {
	ID        int64
	Amount    money.Money
	Unwatched bool
	Answer    string
	Actor     string // "operator:2"
}

// Approve refunds what a request asks for and ends it, in one transaction. Errors: ErrAskNotFound, ErrAskDecided
// and those of Request.
func (s *Refunds) Approve(ctx context.Context, a Approval) (refund Refund, err error) {
	if a.Answer != "" {
		if a.Answer, err = readable(a.Answer); err != nil {
			return Refund{}, err
		}
	}
	var watched map[int64]int
	if a.Unwatched {
		if watched, err = s.watchedOf(ctx, a.ID); err != nil {
			return Refund{}, err
		}
	}
	err = s.onAsk(ctx, a.ID, func(tx pgx.Tx, o Order, row dbsqlc.OrderRefundRequest) error {
		if err := mayDecide(o, row, a.Actor); err != nil {
			return err
		}
		asked, err := s.askedTx(ctx, tx, row)
		if err != nil {
			return err
		}
		if refund, err = s.refundTx(ctx, tx, o, RefundRequest{
			OrderNo:   o.OrderNo,
			ItemIDs:   asked.itemIDs(),
			Amount:    a.Amount,
			Unwatched: a.Unwatched,
			Reason:    row.Reason,
			Actor:     a.Actor,
			Key:       askKey(a.ID),
			watched:   watched,
		}, byOperator); err != nil {
			return err
		}
		_, err = s.decideTx(ctx, tx, dbsqlc.DecideRequestParams{
			ID:        a.ID,
			Status:    AskApproved,
			RefundNo:  &refund.RefundNo,
			Answer:    a.Answer,
			DecidedBy: a.Actor,
		})
		return err
	})
	return refund, err
}

// Decline ends a request with an answer that its buyer sees. Errors: ErrAskReason, ErrAskNotFound, ErrAskDecided,
// ErrOwnMoney.
func (s *Refunds) Decline(ctx context.Context, id int64, answer, actor string) error {
	answer, err := readable(answer)
	if err != nil {
		return err
	}
	return s.onAsk(ctx, id, func(tx pgx.Tx, o Order, row dbsqlc.OrderRefundRequest) error {
		if err := mayDecide(o, row, actor); err != nil {
			return err
		}
		if _, err := s.decideTx(ctx, tx, dbsqlc.DecideRequestParams{
			ID:        id,
			Status:    AskDeclined,
			Answer:    answer,
			DecidedBy: actor,
		}); err != nil {
			return err
		}
		return s.auditTx(ctx, tx, actor, "order.refund_decline", o.OrderNo,
			map[string]any{"request": id, "answer": answer})
	})
}

func mayDecide(o Order, row dbsqlc.OrderRefundRequest, actor string) error {
	if row.Status != AskRequested {
		return ErrAskDecided.Because("request %d is %s", row.ID, row.Status)
	}
	return notOwn(o, actor)
}

// notOwn fails if the buyer of an order is the operator who would decide about its money. Errors: ErrOwnMoney.
func notOwn(o Order, actor string) error {
	if actor == "operator:"+strconv.FormatInt(o.UserID, 10) {
		return ErrOwnMoney.Because("%s bought order %s", actor, o.OrderNo)
	}
	return nil
}

// onAsk calls do with a request and its order, which is locked until do has returned.
func (s *Refunds) onAsk(ctx context.Context, id int64,
	do func(pgx.Tx, Order, dbsqlc.OrderRefundRequest) error,
) error {
	return db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		row, err := s.q.RequestByID(ctx, tx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrAskNotFound.Because("request %d", id)
		}
		if err != nil {
			return fmt.Errorf("refund request %d: %w", id, err)
		}
		o, err := s.lockTx(ctx, tx, row.OrderNo)
		if err != nil {
			return err
		}
		if row, err = s.q.RequestByID(ctx, tx, id); err != nil { // as it is now that the order is locked
			return fmt.Errorf("refund request %d: %w", id, err)
		}
		return do(tx, o, row)
	})
}

// decideTx ends a request that waits. The caller has locked its order.
func (s *Refunds) decideTx(ctx context.Context, tx pgx.Tx, arg dbsqlc.DecideRequestParams) (Asked, error) {
	arg.At = s.deps.Now()
	row, err := s.q.DecideRequest(ctx, tx, arg)
	if err != nil {
		return Asked{}, fmt.Errorf("decide refund request %d: %w", arg.ID, err)
	}
	if err := s.q.CloseRequestItems(ctx, tx, arg.ID); err != nil {
		return Asked{}, fmt.Errorf("close the items of refund request %d: %w", arg.ID, err)
	}
	return s.askedTx(ctx, tx, row)
}

func readable(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || utf8.RuneCountInString(text) > MaxAskReason || !db.Storable(text) {
		return "", ErrAskReason
	}
	return text, nil
}

func (a Asked) itemIDs() []int64 {
	ids := make([]int64, len(a.Items))
	for n, i := range a.Items {
		ids[n] = i.ItemID
	}
	return ids
}
