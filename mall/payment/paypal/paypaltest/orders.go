package paypaltest

import (
	"net/url"
	"strings"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/paypal"
)

// order is an order.
type order struct {
	id, status, custom, invoice, description string
	back, cancel, locale                     string
	amount                                   money.Money
	created, approved                        time.Time
	how                                      paymenttest.Payment // in which the payer pays
	capture                                  *capture
}

// capture is the money of an order.
type capture struct {
	id, status string
	amount     money.Money
	created    time.Time
	of         *order
	refunds    []*refund
}

// orderLife is how long an order waits for its payer, and an approval for its capture.
const orderLife = 3 * time.Hour

type wireAmount struct {
	CurrencyCode string `json:"currency_code"`
	Value        string `json:"value"`
}

type experience struct {
	ReturnURL  string `json:"return_url"`
	CancelURL  string `json:"cancel_url"`
	UserAction string `json:"user_action"`
	Shipping   string `json:"shipping_preference"`
	Preference string `json:"payment_method_preference"`
	Locale     string `json:"locale"`
}

type newOrder struct {
	Intent string `json:"intent"`
	Units  []struct {
		ReferenceID string     `json:"reference_id"`
		CustomID    string     `json:"custom_id"`
		InvoiceID   string     `json:"invoice_id"`
		Description string     `json:"description"`
		Amount      wireAmount `json:"amount"`
	} `json:"purchase_units"`
	Source struct {
		PayPal struct {
			Experience experience `json:"experience_context"`
		} `json:"paypal"`
	} `json:"payment_source"`
}

func (s *Server) createOrder(c call, _ string) (func() object, *refusal) {
	var n newOrder
	if refused := c.into(&n); refused != nil {
		return nil, refused
	}
	if n.Intent != "CAPTURE" || len(n.Units) != 1 || c.key == "" {
		return nil, bad("intent, purchase_units or PayPal-Request-Id")
	}
	unit, page := n.Units[0], n.Source.PayPal.Experience
	sum, refused := sumOf(unit.Amount)
	if refused != nil {
		return nil, refused
	}
	for text, most := range map[string]int{unit.CustomID: 127, unit.InvoiceID: 127, unit.Description: 127} {
		if len([]rune(text)) > most {
			return nil, unprocessable("INVALID_STRING_MAX_LENGTH")
		}
	}
	for _, address := range []string{page.ReturnURL, page.CancelURL} {
		if u, err := url.Parse(address); err != nil || u.Host == "" {
			return nil, bad("return_url or cancel_url")
		}
	}
	if page.UserAction != "PAY_NOW" || page.Shipping != "NO_SHIPPING" ||
		page.Locale != "" && page.Locale != "en-US" && page.Locale != "zh-CN" {
		return nil, bad("experience_context")
	}
	made := &order{
		id: s.id(), status: "PAYER_ACTION_REQUIRED", custom: unit.CustomID, invoice: unit.InvoiceID,
		description: unit.Description, back: page.ReturnURL, cancel: page.CancelURL, locale: page.Locale, amount: sum,
		created: s.now(),
	}
	s.orders = append(s.orders, made)
	return func() object { return s.orderJSON(made) }, nil
}

// sumOf reads the sum of a request, which must have exactly the digits of its currency.
func sumOf(a wireAmount) (money.Money, *refusal) {
	sum, err := paypal.FromPayPal(a.Value, a.CurrencyCode)
	if err != nil {
		return money.Money{}, unprocessable("CANNOT_BE_ZERO_OR_NEGATIVE")
	}
	if value, _, err := paypal.ToPayPal(sum); err != nil || value != a.Value {
		return money.Money{}, unprocessable("DECIMAL_PRECISION")
	}
	return sum, nil
}

func (s *Server) order(id string) (*order, bool) {
	return find(s.orders, func(x *order) bool { return x.id == id && x.status != "" })
}

func (s *Server) getOrder(_ call, id string) (func() object, *refusal) {
	got, known := s.order(id)
	if !known {
		return nil, missing()
	}
	return func() object { return s.orderJSON(got) }, nil
}

// expireOld forgets the orders whose time is over. An approval that nobody captured is reversed.
func (s *Server) expireOld() {
	for _, x := range s.orders {
		if x.capture != nil || x.status == "" {
			continue
		}
		since := x.created
		if x.status == "APPROVED" {
			since = x.approved
		}
		if s.now().Sub(since) < orderLife {
			continue
		}
		if x.status == "APPROVED" {
			s.send("CHECKOUT.PAYMENT-APPROVAL.REVERSED", "checkout-order", object{
				"order_id":       x.id,
				"purchase_units": []object{{"reference_id": "default", "custom_id": x.custom}},
			})
		}
		x.status = "" // PayPal knows nothing of it any more
	}
}

// approve lets the payer agree to an order.
func (s *Server) approve(x *order, how paymenttest.Payment) bool {
	if x.capture != nil || x.status == "" {
		return false
	}
	x.status, x.approved, x.how = "APPROVED", s.now(), how
	s.send("CHECKOUT.ORDER.APPROVED", "checkout-order", s.orderJSON(x))
	return true
}

func (s *Server) captureOrder(c call, id string) (func() object, *refusal) {
	x, known := s.order(id)
	if len(c.body) > 0 { // PayPal's own library sends none
		if refused := c.into(&struct{}{}); refused != nil {
			return nil, refused
		}
	}
	issue := s.refuse
	switch {
	case !known:
		return nil, missing()
	case x.capture != nil:
		return nil, unprocessable("ORDER_ALREADY_CAPTURED")
	case x.status != "APPROVED":
		return nil, unprocessable("ORDER_NOT_APPROVED")
	case issue != "":
		s.refuse = ""
		if issue == "INSTRUMENT_DECLINED" {
			x.status = "PAYER_ACTION_REQUIRED"
		}
		return nil, unprocessable(issue)
	}
	if _, paid := find(s.orders, func(o *order) bool { return o.capture != nil && o.invoice == x.invoice }); paid {
		return nil, unprocessable("DUPLICATE_INVOICE_ID")
	}
	amount := x.amount
	if x.how.Amount != 0 {
		amount.Amount = x.how.Amount
	}
	x.status = "COMPLETED"
	x.capture = &capture{id: s.id(), amount: amount, created: s.now(), of: x}
	switch {
	case x.how.Fails:
		s.end(x.capture, "DECLINED")
	case x.how.Pending:
		s.end(x.capture, "PENDING")
	default:
		s.end(x.capture, "COMPLETED")
	}
	return func() object { return s.orderJSON(x) }, nil
}

// end moves a capture on, books it if it has taken the money, and tells.
func (s *Server) end(x *capture, status string) {
	x.status = status
	if status == "COMPLETED" {
		s.take(x)
	}
	s.send("PAYMENT.CAPTURE."+status, "capture", s.captureJSON(x))
}

func (s *Server) capture(id string) (*capture, bool) {
	x, known := find(s.orders, func(x *order) bool { return x.capture != nil && x.capture.id == id })
	if !known {
		return nil, false
	}
	return x.capture, true
}

func (s *Server) getCapture(_ call, id string) (func() object, *refusal) {
	got, known := s.capture(id)
	if !known {
		return nil, missing()
	}
	return func() object { return s.captureJSON(got) }, nil
}

// amountJSON writes a sum. Sums that PayPal itself makes, such as fees, may be zero.
func amountJSON(m money.Money) object {
	value := m.Decimal()
	if m.Currency == "HUF" || m.Currency == "TWD" {
		value, _, _ = strings.Cut(value, ".")
	}
	return object{"currency_code": m.Currency, "value": value}
}

func timeJSON(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (s *Server) link(rel, method, path string) object {
	return object{"href": s.http.URL + path, "rel": rel, "method": method}
}

func (s *Server) orderJSON(x *order) object {
	unit := object{
		"reference_id": "default", "amount": amountJSON(x.amount), "custom_id": x.custom, "invoice_id": x.invoice,
		"description": x.description, "payee": object{"merchant_id": "7M00000000001", "email_address": "shop@example.com"},
	}
	links := []object{s.link("self", "GET", "/v2/checkout/orders/"+x.id)}
	switch x.status {
	case "PAYER_ACTION_REQUIRED":
		links = append(links, s.link("payer-action", "GET", "/checkoutnow?token="+x.id))
	case "APPROVED":
		links = append(links, s.link("capture", "POST", "/v2/checkout/orders/"+x.id+"/capture"))
	}
	if x.capture != nil {
		done := object{"captures": []object{s.captureJSON(x.capture)}}
		if len(x.capture.refunds) > 0 {
			list := []object{}
			for _, r := range x.capture.refunds {
				list = append(list, s.refundJSON(r))
			}
			done["refunds"] = list
		}
		unit["payments"] = done
	}
	o := object{
		"id": x.id, "intent": "CAPTURE", "status": x.status, "purchase_units": []object{unit},
		"create_time": timeJSON(x.created), "links": links,
		"payment_source": object{"paypal": object{}},
	}
	if !x.approved.IsZero() {
		o["payer"] = object{
			"payer_id": "QYR5Z8XDVJNXQ", "email_address": "payer@example.com",
			"name": object{"given_name": "Mia", "surname": "Doe"}, "address": object{"country_code": "US"},
		}
	}
	return o
}

func (s *Server) captureJSON(x *capture) object {
	o := object{
		"id": x.id, "status": x.status, "amount": amountJSON(x.amount), "final_capture": true, "custom_id": x.of.custom,
		"invoice_id": x.of.invoice, "create_time": timeJSON(x.created), "update_time": timeJSON(x.created),
		"seller_protection": object{
			"status":             "ELIGIBLE",
			"dispute_categories": []string{"ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"},
		},
		"supplementary_data": object{"related_ids": object{"order_id": x.of.id}},
		"links": []object{
			s.link("self", "GET", "/v2/payments/captures/"+x.id),
			s.link("refund", "POST", "/v2/payments/captures/"+x.id+"/refund"),
			s.link("up", "GET", "/v2/checkout/orders/"+x.of.id),
		},
	}
	if x.status == "PENDING" {
		o["status_details"] = object{"reason": "ECHECK"}
	}
	if back := x.refunded(); x.status == "COMPLETED" && back > 0 {
		o["status"] = "PARTIALLY_REFUNDED"
		if back == x.amount.Amount {
			o["status"] = "REFUNDED"
		}
	}
	if x.status == "COMPLETED" {
		fee := feeOf(x.amount)
		net := money.Of(x.amount.Amount-fee.Amount, fee.Currency)
		o["seller_receivable_breakdown"] = object{
			"gross_amount": amountJSON(x.amount), "paypal_fee": amountJSON(fee), "net_amount": amountJSON(net),
		}
	}
	return o
}
