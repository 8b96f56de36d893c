package stripe_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/stripe"
)

// stripeMock starts Stripe's own stripe-mock and returns its address. It checks the names and types of parameters
// against Stripe's description of its API, and answers with examples. Where it can't be built the test is skipped, or
// fails if CI is set.
func stripeMock(t *testing.T) string {
	t.Helper()
	built, err := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../../tools/stripemock/go.mod", "-n",
		"stripe-mock").Output()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("build stripe-mock: %v", err)
		}
		t.Skipf("build stripe-mock: %v", err)
	}
	command := exec.Command(strings.TrimSpace(string(built)), "-http-addr", "127.0.0.1:")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	lines, listening := bufio.NewScanner(out), regexp.MustCompile(`127\.0\.0\.1:\d+`)
	for lines.Scan() {
		if address := listening.FindString(lines.Text()); address != "" {
			return "http://" + address
		}
	}
	t.Fatalf("stripe-mock says nothing of its address: %v", lines.Err())
	return ""
}

// listener keeps what was answered.
type listener struct {
	answers []string
}

func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	line := fmt.Sprintf("%s %s %d", r.Method, r.URL.Path, answer.StatusCode)
	if answer.StatusCode != http.StatusOK {
		line += " " + string(body)
	}
	l.answers = append(l.answers, line)
	return answer, nil
}

// Every request has the names and types of parameters that Stripe describes. What is answered is an example of another
// payment, which the provider mostly refuses.
func TestStripe_parameters_as_Stripe_describes_them(t *testing.T) {
	t.Parallel()
	heard := &listener{}
	s, err := stripe.New(stripe.Options{
		SecretKey:          "sk_test_123456789",
		WebhookSecrets:     []string{"whsec_123456789"},
		Shop:               "videomall",
		BaseURL:            stripeMock(t),
		PaymentMethodTypes: []string{"card", "wechat_pay"},
		Client:             &http.Client{Transport: heard},
		Now:                func() time.Time { return start.Add(time.Hour) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, r := t.Context(), request()
	ref := payment.ChargeRef{CreateRequest: r, ProviderRef: "cs_test_1"}
	refund := payment.RefundRequest{
		RefundRef: payment.RefundRef{
			RefundNo: "R1", Charge: ref, ChannelTxnNo: "pi_1", Captured: r.Amount, Amount: money.Of(500, "USD"),
		},
		Reason: "the shopper changed their mind",
	}
	_, _ = s.Create(ctx, r)
	_, _ = s.Query(ctx, ref)
	_ = s.Close(ctx, ref)
	_, _ = s.Refund(ctx, refund)
	_, _ = s.QueryRefund(ctx, refund.RefundRef)
	refund.ChannelRefundNo = "re_1"
	_, _ = s.QueryRefund(ctx, refund.RefundRef)
	old := r
	old.CreatedAt = start.Add(-48 * time.Hour)
	_, _ = s.Query(ctx, payment.ChargeRef{CreateRequest: old})
	for range s.Statement(ctx, start.Add(-24*time.Hour)) {
	}
	for _, want := range []string{
		"POST /v1/checkout/sessions 200", "GET /v1/checkout/sessions/cs_test_1 200",
		"POST /v1/checkout/sessions/cs_test_1/expire 200", "GET /v1/refunds 200", "POST /v1/refunds 200",
		"GET /v1/refunds/re_1 200", "GET /v1/payment_intents/search 200", "GET /v1/balance_transactions 200",
	} {
		if !slices.Contains(heard.answers, want) {
			t.Errorf("want %s among\n%s", want, strings.Join(heard.answers, "\n"))
		}
	}
	for _, answer := range heard.answers {
		if !strings.HasSuffix(answer, " 200") {
			t.Error(answer)
		}
	}
}
