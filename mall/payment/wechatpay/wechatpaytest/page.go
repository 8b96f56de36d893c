package wechatpaytest

import (
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"

	"videomall/mall/payment/paymenttest"
)

// page is what a payer sees: in WeChat after the code was scanned, or in the phone's browser.
var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>WeChat Pay stand-in</title>
<h1>WeChat Pay stand-in</h1>
<p>{{.Subject}}</p>
<p id="sum">CNY {{.Sum}}</p>
<p id="state">{{.State}}</p>
{{if .Payable}}<form method="post" action="/pay">
<input type="hidden" name="prepay_id" value="{{.PrepayID}}">
<input type="hidden" name="redirect_url" value="{{.Back}}">
<button>Pay</button>
<button name="how" value="fail">Fail</button>
<button name="how" value="pending">Leave pending</button>
</form>{{end}}
{{if .Back}}<p><a href="{{.Back}}">Back to the shop</a></p>{{end}}
</html>
`))

// pages adds what payers call. None of it needs a signature, as little as WeChat itself asks the merchant for one.
func (b *Bank) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /scan", func(w http.ResponseWriter, r *http.Request) {
		b.show(w, r, func(o *order) bool { return o.codeURL == r.FormValue("code_url") && o.tradeType == "NATIVE" })
	})
	mux.HandleFunc("GET /h5", func(w http.ResponseWriter, r *http.Request) {
		b.show(w, r, func(o *order) bool { return o.prepayID == r.FormValue("prepay_id") && o.tradeType == "MWEB" })
	})
	mux.HandleFunc("POST /pay", b.pressed)
	mux.HandleFunc("POST /bridge", b.bridged)
}

func (b *Bank) show(w http.ResponseWriter, r *http.Request, is func(*order) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.orders {
		if !is(o) {
			continue
		}
		b.expire(o)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, map[string]any{
			"Subject":  *o.asked.Description,
			"Sum":      yuan(*o.asked.Amount.Total),
			"State":    o.state,
			"Payable":  o.state == notPaid || o.state == userPaying,
			"PrepayID": o.prepayID,
			"Back":     back(r.FormValue("redirect_url")),
		})
		return
	}
	http.NotFound(w, r)
}

// back returns an address of a page, or nothing.
func back(s string) string {
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return s
	}
	return ""
}

// pressed is the button of the page.
func (b *Bank) pressed(w http.ResponseWriter, r *http.Request) {
	how := paymenttest.Payment{Fails: r.FormValue("how") == "fail", Pending: r.FormValue("how") == "pending"}
	b.mu.Lock()
	o, ok := b.prepaid[r.FormValue("prepay_id")]
	err := error(paymenttest.ErrNotPayable)
	if ok {
		err = b.pay(o, how)
	}
	b.mu.Unlock()
	switch to := back(r.FormValue("redirect_url")); {
	case err != nil:
		http.Error(w, "This can't be paid.", http.StatusConflict)
	case to != "":
		http.Redirect(w, r, to, http.StatusSeeOther)
	case o.tradeType == "NATIVE":
		http.Redirect(w, r, "/scan?code_url="+url.QueryEscape(o.codeURL), http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/h5?prepay_id="+url.QueryEscape(o.prepayID), http.StatusSeeOther)
	}
}

// bridged takes the arguments of the payment function of WeChat's browser, in JSON.
func (b *Bank) bridged(w http.ResponseWriter, r *http.Request) {
	var arguments map[string]string
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err == nil {
		err = json.Unmarshal(raw, &arguments)
	}
	if err == nil {
		err = b.PayBridge(arguments)
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	switch {
	case errors.Is(err, paymenttest.ErrNotPayable):
		http.Error(w, err.Error(), http.StatusConflict)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}
