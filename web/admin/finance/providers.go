package finance

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/settings"
	"videomall/telemetry"
	"videomall/views/ui"
	"videomall/web/page"

	financeview "videomall/views/admin/finance"
)

// testsListed is how many test payments the page of a provider shows.
const testsListed = 10

func (d Deps) listProviders(c *page.Ctx) error {
	list, err := d.Settings.List(c.Request().Context())
	if err != nil {
		return err
	}
	p := financeview.ProvidersPage{Settings: list, Health: d.Payments.Health()}
	return c.Render(http.StatusOK, c.Text.T("providers.title"), financeview.Providers(p))
}

func (d Deps) showProvider(c *page.Ctx) error {
	return d.renderProvider(c, http.StatusOK, financeview.ProviderPage{})
}

// provider finds the provider of the address: one that can be configured here, or one that the mall was started with.
func (d Deps) provider(c *page.Ctx) (settings.Setting, error) {
	name := c.Param("provider")
	set, err := d.Settings.Of(c.Request().Context(), name)
	if errors.Is(err, settings.ErrUnknownProvider) && slices.Contains(d.Payments.Providers(), name) {
		return settings.Setting{Kind: settings.Kind{Provider: name}, Fixed: true}, nil
	}
	return set, err
}

func (d Deps) renderProvider(c *page.Ctx, status int, p financeview.ProviderPage) (err error) {
	ctx := c.Request().Context()
	if p.Setting, err = d.provider(c); err != nil {
		return err
	}
	name := p.Setting.Kind.Provider
	p.NoticeURL = c.PublicURL("/api/v1/mall/payments/callback/" + name)
	for _, h := range d.Payments.Health() {
		if h.Provider == name {
			p.Health = &h
		}
	}
	if p.People, err = d.Accounts.Users(ctx, p.Setting.UpdatedBy); err != nil {
		return err
	}
	if p.Tests, err = d.Payments.Tests(ctx, name, testsListed); err != nil {
		return err
	}
	if p.Test.Key == "" {
		p.Test = financeview.TestForm{Key: rand.Text(), Amount: "1"}
		if p.Test.Currency, err = d.currencyOf(ctx, name); err != nil {
			return err
		}
	}
	p.Now = c.Now
	c.Allow("form-action", append([]string{c.PublicURL("")}, d.Payments.Origins()...)...) // where a test payment leads
	c.Page.NoIndex = true
	return c.Render(status, financeview.ProviderName(c.Text, name), financeview.Provider(p))
}

// currencyOf is the currency of the newest order, if the provider takes it; otherwise the first that it takes, or the
// euro if it takes all.
func (d Deps) currencyOf(ctx context.Context, name string) (string, error) {
	sold, err := d.Orders.Search(ctx, order.Filter{Limit: 1})
	if err != nil {
		return "", err
	}
	provider, err := d.Payments.Provider(name)
	if err != nil { // it is not set up yet, and takes no test payment
		return "", nil
	}
	currency := "EUR"
	if len(sold) > 0 {
		currency = sold[0].Total.Currency
	}
	for _, m := range provider.Methods() {
		if len(m.Currencies) > 0 && !slices.Contains(m.Currencies, currency) {
			currency = m.Currencies[0]
		}
	}
	return currency, nil
}

// saveProvider keeps what was entered. Secrets never come back to the page, not even when the settings are refused.
func (d Deps) saveProvider(c *page.Ctx) error {
	name := c.Param("provider")
	typed := map[string]string{}
	kind, err := d.Settings.Kind(name)
	if err != nil {
		return err
	}
	for _, f := range kind.Fields {
		typed[f.Name] = c.FormValue(f.Name)
	}
	version, _ := strconv.Atoi(c.FormValue("version"))
	err = d.Settings.Save(c.Request().Context(), c.Viewer.UserID, name, version, typed)
	switch {
	case err == nil:
		c.Flash(ui.Success, "provider_saved")
		return c.Redirect(financeview.ProviderURL(name))
	case errors.Is(err, settings.ErrInvalid):
		return d.renderProvider(c, http.StatusUnprocessableEntity, financeview.ProviderPage{
			Typed:  typed,
			Errors: fault.From(err).Fields,
		})
	}
	return d.providerMoved(c, name, err)
}

func (d Deps) offerProvider(c *page.Ctx) error {
	name := c.Param("provider")
	version, _ := strconv.Atoi(c.FormValue("version"))
	offered := c.FormValue("offered") == "on"
	err := d.Settings.Offer(c.Request().Context(), c.Viewer.UserID, name, version, offered)
	if err != nil {
		return d.providerMoved(c, name, err)
	}
	if offered {
		c.Flash(ui.Success, "provider_offered")
	} else {
		c.Flash(ui.Success, "provider_hidden")
	}
	return c.Redirect(financeview.ProviderURL(name))
}

// providerMoved answers what can't be done any more with the page as it is now.
func (d Deps) providerMoved(c *page.Ctx, name string, err error) error {
	switch {
	case errors.Is(err, settings.ErrMoved):
		c.Flash(ui.Warning, "provider_moved")
	case errors.Is(err, settings.ErrFixed):
		c.Flash(ui.Info, "provider_fixed")
	default:
		return err
	}
	return c.Redirect(financeview.ProviderURL(name))
}

// testProvider starts a test payment and leads the operator to the provider, or to the page with the code.
func (d Deps) testProvider(c *page.Ctx) error {
	name := c.Param("provider")
	f := financeview.TestForm{
		Key:      c.FormValue("key"),
		Amount:   strings.TrimSpace(c.FormValue("amount")),
		Currency: strings.ToUpper(strings.TrimSpace(c.FormValue("currency"))),
	}
	sum := money.Of(-1, f.Currency)
	if money.IsCurrency(f.Currency) {
		sum.Amount = money.ParseDecimal(f.Amount, f.Currency, 4)
	} else {
		f.Error = map[string]string{"currency": c.Text.T("providers.test_currency")}
	}
	if f.Error == nil && !sum.Payable() {
		f.Error = map[string]string{"amount": c.Text.T("providers.test_sum")}
	}
	if f.Error != nil {
		return d.renderProvider(c, http.StatusUnprocessableEntity, financeview.ProviderPage{Test: f})
	}
	if err := d.Settings.NoteTest(c.Request().Context(), c.Viewer.UserID, name, sum); err != nil {
		return err
	}
	attempt, err := d.Payments.PrepayTest(c.Request().Context(), payment.TestRequest{
		Key:       f.Key,
		Provider:  name,
		Device:    c.Device(),
		Subject:   c.Text.T("providers.test_subject"),
		ReturnURL: c.PublicURL(financeview.TestURL(name, f.Key)),
		Language:  string(c.Text.Lang),
		PayerIP:   c.RealIP(),
		Amount:    sum,
	})
	switch {
	case errors.Is(err, payment.ErrUnknownProvider), errors.Is(err, payment.ErrInvalidPrepay):
		return err
	case errors.Is(err, payment.ErrUnknownMethod):
		f.Error = map[string]string{"currency": c.Text.T("providers.test_unfit")}
	case err != nil:
		c.Log().Warn("test payment not opened", "provider", name, "error", err)
		f.Error = map[string]string{"": cut(telemetry.Redact(err.Error()))}
	case attempt.Action != nil && attempt.Action.Type == payment.ActionRedirect:
		return c.Redirect(attempt.Action.URL)
	default:
		return c.Redirect(financeview.TestURL(name, f.Key))
	}
	f.Key = rand.Text() // the attempt has ended
	return d.renderProvider(c, http.StatusUnprocessableEntity, financeview.ProviderPage{Test: f})
}

// showTest shows how far a test payment has come. The page asks for itself again until the payment has ended.
func (d Deps) showTest(c *page.Ctx) error {
	ctx := c.Request().Context()
	test, err := d.Payments.Test(ctx, c.Param("key"))
	if err != nil {
		return err
	}
	if test.Attempt.Provider != c.Param("provider") {
		return payment.ErrUnknownAttempt
	}
	p := financeview.TestPage{Test: test, Now: c.Now}
	if a := test.Attempt; p.Open() && a.Action.Type == payment.ActionQR {
		if p.Code, err = ui.DrawQR(a.Action.Code); err != nil {
			return err
		}
	}
	if c.IsHTMX() {
		return c.Fragment(http.StatusOK, financeview.TestState(p))
	}
	c.Allow("form-action", append([]string{c.PublicURL("")}, d.Payments.Origins()...)...)
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("providers.test"), financeview.TestPayment(p))
}

// askTest asks the provider about a test payment of which no notice has come.
func (d Deps) askTest(c *page.Ctx) error {
	if err := d.Orders.AskTest(c.Request().Context(), c.Param("key")); err != nil {
		return err
	}
	return c.Redirect(financeview.TestURL(c.Param("provider"), c.Param("key")))
}

// cut shortens what a provider said to what a page has room for.
func cut(s string) string {
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}
