package stripe

import (
	"time"

	"videomall/mall/strictjson"
)

// The names in the metadata of what is ours. Stripe copies the metadata of a payment intent to its charges, but not to
// their refunds and disputes.
const (
	metaShop     = "shop"
	metaAttempt  = "attempt_no"
	metaRefund   = "refund_no"
	metaReason   = "reason"
	maxMetaValue = 500 // characters
)

// ref is an object inside another one. Stripe names it by its id, and sends all of it where a request asks for that.
type ref[T any] struct {
	ID     string
	Object *T // nil unless it was sent
}

// UnmarshalJSON reads an id, null or an object.
func (r *ref[T]) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*r = ref[T]{}
		return nil
	}
	if b[0] == '"' {
		return strictjson.Closed(b, &r.ID)
	}
	var named struct {
		ID string `json:"id"`
	}
	if err := strictjson.Open(b, &named); err != nil {
		return err
	}
	r.ID, r.Object = named.ID, new(T)
	return strictjson.Open(b, r.Object)
}

// session is a Checkout Session.
type session struct {
	ID                string            `json:"id"`
	Object            string            `json:"object"`
	Livemode          bool              `json:"livemode"`
	Status            string            `json:"status"`
	PaymentStatus     string            `json:"payment_status"`
	ClientReferenceID string            `json:"client_reference_id"`
	AmountTotal       int64             `json:"amount_total"`
	Currency          string            `json:"currency"`
	URL               string            `json:"url"`
	PaymentIntent     ref[intent]       `json:"payment_intent"`
	Metadata          map[string]string `json:"metadata"`
}

// intent is a payment intent: the payment of a session, through any number of tries.
type intent struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	Status         string            `json:"status"`
	AmountReceived int64             `json:"amount_received"`
	Currency       string            `json:"currency"`
	Created        int64             `json:"created"`
	LatestCharge   ref[charge]       `json:"latest_charge"`
	Metadata       map[string]string `json:"metadata"`
}

// charge is one try to take a payment.
type charge struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	AmountCaptured int64             `json:"amount_captured"`
	Currency       string            `json:"currency"`
	Created        int64             `json:"created"`
	PaymentIntent  ref[intent]       `json:"payment_intent"`
	Metadata       map[string]string `json:"metadata"`
}

// refund is a refund.
type refund struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	Status        string            `json:"status"`
	Amount        int64             `json:"amount"`
	Currency      string            `json:"currency"`
	Created       int64             `json:"created"`
	PaymentIntent ref[intent]       `json:"payment_intent"`
	Metadata      map[string]string `json:"metadata"`
}

// dispute is a payer's claim at their bank, or the bank's inquiry before one.
type dispute struct {
	ID                  string      `json:"id"`
	Object              string      `json:"object"`
	Status              string      `json:"status"`
	Reason              string      `json:"reason"`
	Amount              int64       `json:"amount"`
	Currency            string      `json:"currency"`
	PaymentIntent       ref[intent] `json:"payment_intent"`
	BalanceTransactions []movement  `json:"balance_transactions"`
	EvidenceDetails     struct {
		DueBy int64 `json:"due_by"`
	} `json:"evidence_details"`
}

// warning is an early fraud warning.
type warning struct {
	ID            string      `json:"id"`
	Object        string      `json:"object"`
	FraudType     string      `json:"fraud_type"`
	PaymentIntent ref[intent] `json:"payment_intent"`
}

// list is one page of objects, the newest first.
type list[T any] struct {
	Object  string `json:"object"`
	Data    []T    `json:"data"`
	HasMore bool   `json:"has_more"`
}

// at returns an instant that Stripe names in seconds since 1970, and the zero time for none.
func at(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}
