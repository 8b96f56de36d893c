package paypal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paypal/paypaltest"
	"videomall/test/nodetest"
)

// PayPal's own library for Node opens, captures and refunds at the stand-in, and reads what the mall opened there: the
// stand-in speaks as PayPal's library expects, and the mall asks as it does.
func TestServer_speaks_as_PayPal(t *testing.T) {
	t.Parallel()
	bank := open(t)
	ours, err := bank.Provider().Create(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	type m = map[string]any
	theirs := request()
	theirs.AttemptNo = "01HORACLE00000000000000001"
	var got struct {
		Created, Captured, Refund, Ours map[string]string
		Again                           struct {
			ID     string
			Status int
		}
		Early, Approved, Late, Read, TooMuch, After string
		Report                                      []string
	}
	nodetest.Ask(t, "@paypal/paypal-server-sdk", m{
		"base":   bank.URL(),
		"id":     paypaltest.ClientID,
		"secret": paypaltest.Secret,
		"read":   ours.ProviderRef,
		"from":   start.Add(-time.Hour).Format(time.RFC3339),
		"to":     start.Add(time.Hour).Format(time.RFC3339),
		"order": m{
			"intent": "CAPTURE",
			"purchaseUnits": []m{{
				"customId":    "videomall:" + theirs.AttemptNo,
				"invoiceId":   "videomall-" + theirs.AttemptNo,
				"description": theirs.Subject,
				"amount":      m{"currencyCode": "USD", "value": "12.90"},
			}},
			"paymentSource": m{"paypal": m{"experienceContext": m{
				"returnUrl":               theirs.ReturnURL,
				"cancelUrl":               theirs.ReturnURL,
				"userAction":              "PAY_NOW",
				"shippingPreference":      "NO_SHIPPING",
				"paymentMethodPreference": "IMMEDIATE_PAYMENT_REQUIRED",
				"locale":                  "en-US",
			}}},
		},
		"refund": m{
			"amount":    m{"currencyCode": "USD", "value": "2.90"},
			"customId":  "videomall:" + theirs.AttemptNo + ":R1",
			"invoiceId": "videomall-R1",
		},
	}, &got)
	custom := "videomall:" + theirs.AttemptNo
	for what, pair := range map[string][2]string{
		"created":           {got.Created["status"], "PAYER_ACTION_REQUIRED"},
		"created again":     {fmt.Sprint(got.Again.ID, got.Again.Status), got.Created["id"] + "200"},
		"captured early":    {got.Early, "ORDER_NOT_APPROVED"},
		"approved":          {got.Approved, "APPROVED"},
		"captured":          {got.Captured["order"] + got.Captured["status"] + got.Captured["value"], "COMPLETEDCOMPLETED12.90"},
		"captured again":    {got.Late, "ORDER_ALREADY_CAPTURED"},
		"refunded":          {got.Refund["status"] + got.Refund["value"] + got.Refund["custom"], "PENDING2.90" + custom + ":R1"},
		"refund read":       {got.Read, got.Refund["id"]},
		"refunded too much": {got.TooMuch, "REFUND_AMOUNT_EXCEEDED"},
		"capture read":      {got.After, custom},
		"report":            {strings.Join(got.Report, ","), "T0006 12.90 -0.67 S"},
		"ours": {
			strings.Join([]string{
				got.Ours["status"], got.Ours["intent"], got.Ours["custom"], got.Ours["invoice"], got.Ours["value"],
				got.Ours["currency"],
			}, " "),
			"PAYER_ACTION_REQUIRED CAPTURE videomall:" + request().AttemptNo + " videomall-" + request().AttemptNo + " 12.90 USD",
		},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	// And the mall reads what the library did.
	ref := payment.ChargeRef{CreateRequest: theirs, ProviderRef: got.Created["id"]}
	charge, err := bank.Provider().Query(t.Context(), ref)
	if err != nil || charge.Status != payment.ChargePaid || charge.ChannelTxnNo != got.Captured["id"] {
		t.Errorf("the mall reads %+v, %v", charge, err)
	}
	result, err := bank.Provider().QueryRefund(t.Context(), payment.RefundRef{
		RefundNo:     "R1",
		Charge:       ref,
		ChannelTxnNo: charge.ChannelTxnNo,
		Captured:     charge.Amount,
		Amount:       money.Of(290, "USD"),
	})
	if err != nil || result.Status != payment.ResultProcessing || result.ChannelRefundNo != got.Refund["id"] {
		t.Errorf("the mall reads the refund %+v, %v", result, err)
	}
}
