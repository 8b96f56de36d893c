package paypal_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paypal"
	"videomall/mall/payment/paypal/paypaltest"
)

var start = time.Date(2026, 3, 27, 12, 4, 0, 0, time.UTC)

func request() payment.CreateRequest {
	return payment.CreateRequest{
		AttemptNo: "01HATTEMPT0000000000000001",
		Method:    paypal.MethodPage,
		Subject:   "Northern Lights: 北境之光",
		ReturnURL: "https://mall.example/orders/1",
		Language:  "zh-CN",
		Amount:    money.Of(1290, "USD"),
		CreatedAt: start,
		ExpiresAt: start.Add(15 * time.Minute),
	}
}

// answering returns a client of a server that answers every request but those for tokens with a status and a body.
func answering(t *testing.T, status int, body string) *paypal.PayPal {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/oauth2/token" {
			fmt.Fprint(w, `{"access_token":"A21AA-text","token_type":"Bearer","expires_in":32400}`)
			return
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	o := paypal.Options{
		ClientID:   paypaltest.ClientID,
		Secret:     func() string { return paypaltest.Secret },
		WebhookIDs: []string{paypaltest.WebhookID},
		Shop:       paypaltest.Shop,
		BaseURL:    s.URL,
		Now:        func() time.Time { return start },
	}
	p, err := paypal.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// errNone stands for an error that tells nothing definite, errOpen for a charge that is open after it.
var (
	errNone = errors.New("nothing definite")
	errOpen = errors.New("open")
)

// kindOf names what an error tells.
func kindOf(err error) error {
	for _, kind := range []error{
		payment.ErrRejected, payment.ErrRetryLater, payment.ErrAbsent, payment.ErrAlreadyPaid, payment.ErrProcessing,
	} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return errNone
}

// What PayPal refuses, and what it means to a capture and to a refund.
func TestPayPal_refusals(t *testing.T) {
	t.Parallel()
	rejected, later := error(payment.ErrRejected), error(payment.ErrRetryLater)
	for _, c := range []struct {
		status          int
		name, issue     string
		capture, refund error
	}{
		{422, "UNPROCESSABLE_ENTITY", "INSTRUMENT_DECLINED", errOpen, errNone},
		{422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED", errOpen, errNone},
		{422, "UNPROCESSABLE_ENTITY", "PAYER_ACTION_REQUIRED", errOpen, errNone},
		{422, "UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED", errNone, errNone}, // and the order can't be read
		{422, "UNPROCESSABLE_ENTITY", "DUPLICATE_INVOICE_ID", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "COMPLIANCE_VIOLATION", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "TRANSACTION_REFUSED", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "PAYER_CANNOT_PAY", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "ORDER_EXPIRED", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "TRANSACTION_LIMIT_EXCEEDED", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "PAYEE_ACCOUNT_RESTRICTED", later, later},
		{422, "UNPROCESSABLE_ENTITY", "TRANSACTION_RECEIVING_LIMIT_EXCEEDED", later, later},
		{422, "UNPROCESSABLE_ENTITY", "REFUND_FAILED_INSUFFICIENT_FUNDS", later, later},
		{422, "UNPROCESSABLE_ENTITY", "PENDING_CAPTURE", later, later},
		{422, "UNPROCESSABLE_ENTITY", "CAPTURE_FULLY_REFUNDED", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "REFUND_AMOUNT_EXCEEDED", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "REFUND_TIME_LIMIT_EXCEEDED", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "PARTIAL_REFUND_NOT_ALLOWED", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "SOMETHING_NEW", rejected, rejected},
		{422, "UNPROCESSABLE_ENTITY", "PAYPAL_REQUEST_ID_PREVIOUSLY_USED", errNone, errNone},
		{400, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE", rejected, rejected},
		{400, "INVALID_REQUEST", "DECIMAL_PRECISION", rejected, rejected},
		{401, "AUTHENTICATION_FAILURE", "INVALID_TOKEN", later, later},
		{403, "NOT_AUTHORIZED", "PERMISSION_DENIED", later, later},
		{404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", payment.ErrAbsent, rejected},
		{409, "RESOURCE_CONFLICT", "", errNone, errNone},
		{422, "UNPROCESSABLE_ENTITY", "PREVIOUS_REQUEST_IN_PROGRESS", errNone, errNone},
		{429, "RATE_LIMIT_REACHED", "", later, later},
		{500, "INTERNAL_SERVER_ERROR", "INTERNAL_SERVICE_ERROR", errNone, errNone},
		{503, "SERVICE_UNAVAILABLE", "", errNone, errNone},
		{302, "", "", errNone, errNone},
		{404, "", "", errNone, errNone}, // a gateway's words
	} {
		t.Run(fmt.Sprint(c.status, c.name, c.issue), func(t *testing.T) {
			t.Parallel()
			body := "<html>" + paypaltest.Secret
			if c.name != "" {
				body = fmt.Sprintf(`{"name":%q,"message":"said %s and A21AA-text","details":[{"issue":%q}]}`, c.name,
					paypaltest.Secret, c.issue)
			}
			p := answering(t, c.status, body)
			ref := payment.ChargeRef{CreateRequest: request(), ProviderRef: "5O190127TN364715T"}
			charge, err := p.Capture(t.Context(), ref)
			got := kindOf(err)
			if err == nil && charge.Status == payment.ChargeOpen {
				got = errOpen
			}
			if !errors.Is(got, c.capture) {
				t.Errorf("capture: %+v, %v; want %v", charge, err, c.capture)
			}
			if err != nil && (strings.Contains(err.Error(), paypaltest.Secret) || strings.Contains(err.Error(), "A21AA")) {
				t.Errorf("it tells a secret: %v", err)
			}
			bank := open(t)
			paid := pays(t, bank, request())
			bank.Refuse(c.issue)
			if c.status != http.StatusUnprocessableEntity {
				return // the stand-in refuses a refund with an issue alone
			}
			_, err = bank.Provider().Refund(t.Context(), refundOf(request(), paid, 290))
			if got := kindOf(err); !errors.Is(got, c.refund) {
				t.Errorf("refund: %v; want %v", err, c.refund)
			}
		})
	}
}

// pays lets a payer pay an attempt, and returns the charge.
func pays(t *testing.T, bank *paypaltest.Server, r payment.CreateRequest) payment.Charge {
	t.Helper()
	p := bank.Provider().(payment.Capturer)
	created, err := p.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := bank.Pay(r.AttemptNo, paymentNow); err != nil {
		t.Fatal(err)
	}
	charge, err := p.Capture(t.Context(), payment.ChargeRef{CreateRequest: r, ProviderRef: created.ProviderRef})
	if err != nil || charge.Status != payment.ChargePaid {
		t.Fatalf("captured: %+v, %v", charge, err)
	}
	return charge
}

func refundOf(r payment.CreateRequest, c payment.Charge, minor int64) payment.RefundRequest {
	return payment.RefundRequest{RefundRef: payment.RefundRef{
		RefundNo:     "01HREFUND00000000000000001",
		Charge:       payment.ChargeRef{CreateRequest: r, ProviderRef: c.ProviderRef},
		ChannelTxnNo: c.ChannelTxnNo,
		Captured:     c.Amount,
		Amount:       money.Of(minor, c.Amount.Currency),
	}}
}
