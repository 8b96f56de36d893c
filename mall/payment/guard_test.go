package payment_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/telemetry"
)

// stub answers queries with what the test says, and takes CNY on desktops alone.
type stub struct {
	payment.Provider
	name  string
	err   error
	asked int
}

func (s *stub) Name() string { return s.name }

func (s *stub) Methods() []payment.Method {
	switch s.name {
	case "everywhere":
		return []payment.Method{{Name: "page", Origins: []string{"https://pay.example"}}}
	case "tens":
		return []payment.Method{{
			Name:       "page",
			Currencies: []string{"KWD", "USD"},
			Multiples:  map[string]int64{"KWD": 10},
			Least:      map[string]int64{"KWD": 150, "USD": 50},
		}}
	}
	return []payment.Method{{
		Name:       "qr",
		Devices:    []payment.Device{payment.DeviceDesktop},
		Currencies: []string{"CNY"},
		Origins:    []string{"https://pay.example", "https://code.example"},
	}}
}

func (s *stub) Close(context.Context, payment.ChargeRef) error {
	s.asked++
	return s.err
}

func TestPayments_Offered(t *testing.T) {
	t.Parallel()
	payments := payment.New(payment.Deps{
		Now:       time.Now,
		Providers: []payment.Provider{&stub{name: "desk"}, &stub{name: "everywhere"}},
	})
	for _, c := range []struct {
		device   payment.Device
		currency string
		want     string
	}{
		{payment.DeviceDesktop, "CNY", "desk everywhere"},
		{payment.DeviceDesktop, "USD", "everywhere"},
		{payment.DevicePhone, "CNY", "everywhere"},
		{payment.DeviceWeChat, "CNY", "everywhere"},
	} {
		if got := strings.Join(payments.Offered(c.device, money.Of(990, c.currency)), " "); got != c.want {
			t.Errorf("%s with %s: got %q, want %q", c.device, c.currency, got, c.want)
		}
	}
	if got := payments.Origins(); !slices.Equal(got, []string{"https://code.example", "https://pay.example"}) {
		t.Errorf("origins %v", got)
	}
}

// A sum that a provider would have to round is not offered there, and is refused before the provider is asked.
func TestPayments_Offered_sums_that_can_be_taken(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	payments := payment.New(payment.Deps{
		Now:       func() time.Time { return noon },
		Providers: []payment.Provider{&stub{name: "desk"}, &stub{name: "tens"}},
	})
	for sum, want := range map[money.Money]string{
		money.Of(1230, "KWD"): "tens",
		money.Of(1234, "KWD"): "",
		money.Of(140, "KWD"):  "",
		money.Of(150, "KWD"):  "tens",
		money.Of(1234, "USD"): "tens",
		money.Of(50, "USD"):   "tens",
		money.Of(49, "USD"):   "",
		money.Of(1234, "CNY"): "desk",
		money.Of(1234, "EUR"): "",
	} {
		if got := strings.Join(payments.Offered(payment.DeviceDesktop, sum), " "); got != want {
			t.Errorf("%s: got %q, want %q", sum, got, want)
		}
	}
	for _, sum := range []money.Money{money.Of(1234, "KWD"), money.Of(140, "KWD"), money.Of(49, "USD")} {
		_, err := payments.Prepay(t.Context(), payment.PrepayRequest{
			Reference: "1",
			Provider:  "tens",
			Device:    payment.DeviceDesktop,
			Amount:    sum,
			ExpiresAt: noon.Add(time.Hour),
		})
		wantErr(t, err, payment.ErrSumNotTaken)
	}
	for sum, want := range map[money.Money]bool{
		money.Of(10, "KWD"): true, // no smallest sum binds what goes back
		money.Of(15, "KWD"): false,
		money.Of(1, "USD"):  true,
	} {
		if got := payments.GivesBack("tens", sum); got != want {
			t.Errorf("gives back %s: %t", sum, got)
		}
	}
}

func TestPayments_Takers(t *testing.T) {
	t.Parallel()
	payments := payment.New(payment.Deps{
		Now:       time.Now,
		Providers: []payment.Provider{&stub{name: "desk"}, &stub{name: "tens"}},
	})
	payments.Configure([]payment.Configured{{Provider: &stub{name: "everywhere"}}}) // not offered yet
	for currency, want := range map[string][]payment.Taker{
		"CNY": {{Name: "desk", Multiple: 1}},
		"KWD": {{Name: "tens", Multiple: 10, Least: 150}},
		"USD": {{Name: "tens", Multiple: 1, Least: 50}},
		"EUR": nil,
	} {
		if got := payments.Takers(currency); !slices.Equal(got, want) {
			t.Errorf("%s: %v", currency, got)
		}
	}
	payments.Configure([]payment.Configured{{Provider: &stub{name: "everywhere"}, Offered: true}})
	if got := payments.Takers("EUR"); len(got) != 1 || got[0].Name != "everywhere" {
		t.Errorf("offered everywhere: %v", got)
	}
}

// A provider that fails is neither asked nor offered for a while, and is tried again after it. What it answers
// definitely is no failure.
func TestPayments_Health(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	failing := &stub{name: "desk", err: payment.ErrAbsent}
	payments := payment.New(payment.Deps{
		Now:       func() time.Time { return noon },
		Metrics:   telemetry.NewMetrics(),
		Rest:      200 * time.Millisecond,
		Providers: []payment.Provider{failing, &stub{name: "everywhere"}},
	})
	guarded, err := payments.Provider("desk")
	if err != nil {
		t.Fatal(err)
	}
	ask := func() error { return guarded.Close(t.Context(), payment.ChargeRef{}) }
	offered := func() int { return len(payments.Offered(payment.DeviceDesktop, money.Of(990, "CNY"))) }
	for range 20 {
		wantErr(t, ask(), payment.ErrAbsent)
	}
	if h := payments.Health()[0]; h.Resting || h.Failures != 0 || h.Calls != 20 || !h.WorkedAt.Equal(noon) {
		t.Fatalf("after definite answers: %+v", h)
	}
	failing.err = errors.New("dial tcp: key sk_live_1234567890 refused")
	for range 5 {
		if err := ask(); err == nil || errors.Is(err, payment.ErrProviderDown) {
			t.Fatalf("the provider's own error: %v", err)
		}
	}
	asked := failing.asked
	wantErr(t, ask(), payment.ErrProviderDown)
	h := payments.Health()[0]
	if failing.asked != asked || !h.Resting || h.Failures != 5 || !h.FailedAt.Equal(noon) || offered() != 1 {
		t.Fatalf("while it rests it was asked %d times, offered %d, health %+v", failing.asked-asked, offered(), h)
	}
	if strings.Contains(h.Error, "1234567890") {
		t.Errorf("the console shows a secret: %s", h.Error)
	}
	failing.err = nil
	time.Sleep(250 * time.Millisecond) // the breaker has the machine's clock
	if offered() != 2 {
		t.Error("it is not offered after its rest")
	}
	if err := ask(); err != nil {
		t.Errorf("after its rest: %v", err)
	}
	if h := payments.Health()[0]; h.Resting {
		t.Errorf("it rests though it answered: %+v", h)
	}
}

// A shopper who gives up says nothing about the provider.
func TestPayments_Health_cancelled_call(t *testing.T) {
	t.Parallel()
	failing := &stub{name: "desk", err: context.Canceled}
	payments := payment.New(payment.Deps{Now: time.Now, Providers: []payment.Provider{failing}})
	guarded, err := payments.Provider("desk")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		wantErr(t, guarded.Close(ctx, payment.ChargeRef{}), context.Canceled)
	}
	if h := payments.Health()[0]; h.Resting || h.Failures != 0 {
		t.Errorf("%+v", h)
	}
}

// If every provider fails, all are offered: an attempt may succeed after all.
func TestPayments_Offered_all_fail(t *testing.T) {
	t.Parallel()
	failing := &stub{name: "desk", err: errors.New("down")}
	payments := payment.New(payment.Deps{Now: time.Now, Providers: []payment.Provider{failing}})
	guarded, err := payments.Provider("desk")
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		_ = guarded.Close(t.Context(), payment.ChargeRef{})
	}
	if got := payments.Offered(payment.DeviceDesktop, money.Of(990, "CNY")); len(got) != 1 {
		t.Errorf("offered %v", got)
	}
}

// taker is a provider whose payers only agree.
type taker struct {
	stub
	ended bool // the call had a time-out
}

func (k *taker) Capture(ctx context.Context, _ payment.ChargeRef) (payment.Charge, error) {
	k.asked++
	_, k.ended = ctx.Deadline()
	return payment.Charge{Status: payment.ChargeOpen}, k.err
}

// Taking the money is a call like any other: it has a time-out, is counted, and is not made while the provider fails. A
// provider that takes the money by itself is not asked.
func TestPayments_guard_of_captures(t *testing.T) {
	t.Parallel()
	failing := &taker{stub: stub{name: "desk"}}
	payments := payment.New(payment.Deps{
		Now:       time.Now,
		Metrics:   telemetry.NewMetrics(),
		Providers: []payment.Provider{failing, &stub{name: "everywhere"}},
	})
	capture := func(name string) error {
		guarded, err := payments.Provider(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = guarded.(payment.Capturer).Capture(t.Context(), payment.ChargeRef{})
		return err
	}
	if err := capture("desk"); err != nil || !failing.ended {
		t.Errorf("%v, with a time-out: %t", err, failing.ended)
	}
	failing.err = errors.New("down")
	for range 5 {
		if err := capture("desk"); err == nil || errors.Is(err, payment.ErrProviderDown) {
			t.Errorf("the provider's own error: %v", err)
		}
	}
	wantErr(t, capture("desk"), payment.ErrProviderDown)
	if h := payments.Health()[0]; failing.asked != 6 || h.Calls != 6 || h.Failures != 5 || !h.Resting {
		t.Errorf("asked %d times, %+v", failing.asked, h)
	}
	wantErr(t, capture("everywhere"), payment.ErrRejected)
}
