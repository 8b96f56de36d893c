package paypaltest

import (
	"html/template"
	"net/http"
	"net/url"

	"videomall/mall/payment/paymenttest"
)

// payPage is what the payer sees. Nothing is taken by its button.
var payPage = template.Must(template.New("pay").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Stand-in of PayPal</title>
<h1>{{.Description}}</h1>
<p id="sum">{{.Value}} {{.Currency}}</p>
<form method="post">
<input type="hidden" name="token" value="{{.Token}}">
<button name="how" value="pay">Pay</button>
</form>
<p><a id="cancel" href="{{.Cancel}}">Cancel</a></p>
</html>`))

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	x, known := s.order(r.URL.Query().Get("token"))
	shown := map[string]any{}
	if known = known && x.capture == nil; known {
		shown["Description"], shown["Token"], shown["Cancel"] = x.description, x.id, back(x.cancel, "token", x.id)
		shown["Value"], shown["Currency"] = amountJSON(x.amount)["value"], x.amount.Currency
	}
	s.mu.Unlock()
	if !known {
		http.Error(w, "This page has expired.", http.StatusGone)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = payPage.Execute(w, shown)
}

func (s *Server) usePage(w http.ResponseWriter, r *http.Request) {
	approved, to := false, ""
	token := r.PostFormValue("token")
	s.act(func() {
		s.expireOld()
		if x, known := s.order(token); known {
			to, approved = back(x.back, "token", x.id, "PayerID", "QYR5Z8XDVJNXQ"), s.approve(x, paymenttest.Payment{})
		}
	})
	if !approved {
		http.Error(w, "This page has expired.", http.StatusGone)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// back adds what PayPal adds to the address of the shop.
func back(address string, pairs ...string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	for n := 0; n < len(pairs); n += 2 {
		query.Set(pairs[n], pairs[n+1])
	}
	u.RawQuery = query.Encode()
	return u.String()
}
