package alipaytest

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"

	"videomall/mall/payment/paymenttest"
)

// token is a part of an address that nobody guesses.
func token() string { return rand.Text() }

var cashierPage = template.Must(template.New("cashier").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cashier</title>
<h1>Cashier (a stand-in for Alipay)</h1>
<p id="subject">{{.Subject}}</p>
<p id="amount">{{.Amount}} yuan</p>
{{if .Token}}<form method="post" action="/cashier/{{.Token}}"><button id="pay">Pay</button></form>
{{else}}<p id="state">{{.State}}</p>{{end}}
</html>
`))

// pay opens the page of a charge in the payer's browser, which brings the merchant's signed request.
func (s *Server) pay(w http.ResponseWriter, r *http.Request, refusal object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	var t *trade
	if refusal == nil {
		if fields, ok := content(r.Form); !ok {
			refusal = refuse("40002", "isv.invalid-parameter", "biz_content")
		} else if t, refusal = s.newTrade(r.Form, fields); refusal == nil {
			t, refusal = s.prepare(t)
		}
	}
	if refusal != nil {
		http.Error(w, refusal["sub_code"].(string)+": "+refusal["sub_msg"].(string), http.StatusBadRequest)
		return
	}
	s.open(t)
	http.Redirect(w, r, "/cashier/"+t.token, http.StatusFound)
}

// cashier shows the page where a charge is paid. For a QR code it is what a scan leads to.
func (s *Server) cashier(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	t := s.tokens[r.PathValue("token")]
	if t == nil {
		http.NotFound(w, r)
		return
	}
	s.open(t)
	page := struct{ Subject, Amount, Token, State string }{t.subject, yuan(t.total), "", t.status}
	if t.status == waiting {
		page.Token = t.token
	}
	if page.State == "" {
		page.State = closed
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = cashierPage.Execute(w, page)
}

// pressed is the payer's click on "Pay". It leads back to the merchant, or to the page if there is no way back.
func (s *Server) pressed(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[r.PathValue("token")]
	if t == nil {
		http.NotFound(w, r)
		return
	}
	s.expire()
	if err := s.take(t, paymenttest.Payment{}); err != nil {
		http.Error(w, "This can't be paid.", http.StatusConflict)
		return
	}
	if t.returnURL == "" {
		http.Redirect(w, r, "/cashier/"+t.token, http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, s.wayBack(t), http.StatusSeeOther)
}

// wayBack is the merchant's address with signed parameters, as Alipay sends browsers there. The caller holds the lock.
func (s *Server) wayBack(t *trade) string {
	u, err := url.Parse(t.returnURL)
	if err != nil {
		return t.returnURL
	}
	form := url.Values{
		"app_id":       {AppID},
		"auth_app_id":  {AppID},
		"seller_id":    {SellerID},
		"charset":      {"utf-8"},
		"version":      {"1.0"},
		"sign_type":    {"RSA2"},
		"method":       {t.returning},
		"timestamp":    {s.now().In(beijing).Format(timeLayout)},
		"out_trade_no": {t.outTradeNo},
		"trade_no":     {t.tradeNo},
		"total_amount": {yuan(t.total)},
	}
	form.Set("sign", s.sign(joined(form, "sign", "sign_type")))
	query := u.Query()
	for name := range form {
		query.Set(name, form.Get(name))
	}
	u.RawQuery = query.Encode()
	return u.String()
}
