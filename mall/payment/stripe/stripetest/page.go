package stripetest

import (
	"html/template"
	"net/http"
)

// payPage is what the payer sees. Its buttons are those of a person who pays by card, by a slow debit, or not at all.
var payPage = template.Must(template.New("pay").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Stand-in of Stripe</title>
<h1>{{.Name}}</h1>
<p id="sum">{{.Amount}} {{.Currency}}, in the smallest unit</p>
<form method="post">
<button name="how" value="pay">Pay</button>
<button name="how" value="later">Pay by slow debit</button>
<button name="how" value="fail">Pay by a debit that fails</button>
</form>
<p><a id="cancel" href="{{.Cancel}}">Back to the shop</a></p>
</html>`))

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	x, known := s.session(r.PathValue("id"))
	open := known && x.status == "open" && s.now().Unix() < x.expires
	var shown struct {
		Name, Currency, Cancel string
		Amount                 int64
	}
	if known {
		shown.Name, shown.Currency, shown.Cancel, shown.Amount = x.name, x.currency, x.cancel, x.amount
	}
	s.mu.Unlock()
	if !open {
		http.Error(w, "This page has expired.", http.StatusGone)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = payPage.Execute(w, shown)
}

func (s *Server) usePage(w http.ResponseWriter, r *http.Request) {
	paid, back := false, ""
	how := r.PostFormValue("how")
	s.act(func() {
		s.expireOld()
		if x, known := s.session(r.PathValue("id")); known && x.status == "open" {
			back, paid = x.success, s.pay(x, x.amount, how == "later", how == "fail")
		}
	})
	if !paid {
		http.Error(w, "This page has expired.", http.StatusGone)
		return
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}
