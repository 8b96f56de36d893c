package stripetest

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// session is a Checkout Session, with the payment intent that it gets once the payer has pressed the button.
type session struct {
	id, status, paymentStatus string
	attempt, success, cancel  string
	name, currency, locale    string
	amount                    int64
	created, expires          int64
	mark, intentMark          map[string]string
	adaptive                  bool
	intent                    *intent
}

// intent is a payment intent with its one charge.
type intent struct {
	id, charge, status string
	currency           string
	amount, received   int64
	created            int64
	mark               map[string]string
}

var currencyShape = regexp.MustCompile(`^[a-z]{3}$`)

// steps are what the amounts of some currencies must be multiples of.
var steps = map[string]int64{"isk": 100, "ugx": 100, "bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10}

func sum(form url.Values, param, currency string) (int64, *refusal) {
	n, err := strconv.ParseInt(form.Get(param), 10, 64)
	switch {
	case err != nil || form.Get(param) != strconv.FormatInt(n, 10):
		return 0, refuse(http.StatusBadRequest, "parameter_invalid_integer", param, "Invalid integer: "+param)
	case n < 1:
		return 0, refuse(http.StatusBadRequest, "amount_too_small", param, "The amount must be at least 1")
	case n > 99_999_999_999:
		return 0, refuse(http.StatusBadRequest, "amount_too_large", param, "The amount must have at most 12 digits")
	case steps[currency] != 0 && n%steps[currency] != 0:
		return 0, bad(param, "Invalid amount in "+currency)
	}
	return n, nil
}

func (s *Server) createSession(c call, _ string) (object, *refusal) {
	const price = "line_items[0][price_data]"
	now := s.now().Unix()
	made := &session{
		status:        "open",
		paymentStatus: "unpaid",
		attempt:       c.form.Get("client_reference_id"),
		success:       c.form.Get("success_url"),
		cancel:        c.form.Get("cancel_url"),
		name:          c.form.Get(price + "[product_data][name]"),
		currency:      c.form.Get(price + "[currency]"),
		locale:        c.form.Get("locale"),
		created:       now,
		adaptive:      c.form.Get("adaptive_pricing[enabled]") == "true",
	}
	for _, required := range []string{
		"mode", "success_url", "cancel_url", "adaptive_pricing[enabled]", "expires_at",
		price + "[product_data][name]",
	} {
		if c.form.Get(required) == "" {
			return nil, refuse(http.StatusBadRequest, "parameter_missing", required, "Missing required param: "+required)
		}
	}
	if c.form.Get("mode") != "payment" || c.form.Get("line_items[0][quantity]") != "1" {
		return nil, bad("mode", "This server has payments of one thing")
	}
	if len(made.attempt) > 200 || !currencyShape.MatchString(made.currency) {
		return nil, bad(price+"[currency]", "Invalid currency: "+made.currency)
	}
	for _, param := range []string{"success_url", "cancel_url"} {
		if u, err := url.Parse(c.form.Get(param)); err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http") {
			return nil, refuse(http.StatusBadRequest, "url_invalid", param, "Not a valid URL")
		}
	}
	switch made.locale {
	case "", "auto", "en", "zh":
	default:
		return nil, bad("locale", "Invalid locale: must be one of auto, en, zh")
	}
	expires, err := strconv.ParseInt(c.form.Get("expires_at"), 10, 64)
	if err != nil || expires < now+30*60 || expires > now+24*60*60 {
		return nil, bad("expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from "+
			"Checkout Session creation.")
	}
	made.expires = expires
	var refused *refusal
	if made.amount, refused = sum(c.form, price+"[unit_amount]", made.currency); refused != nil {
		return nil, refused
	}
	if made.mark, refused = metadata(c.form, "metadata"); refused != nil {
		return nil, refused
	}
	if made.intentMark, refused = metadata(c.form, "payment_intent_data[metadata]"); refused != nil {
		return nil, refused
	}
	wechat := false
	for name := range c.form {
		wechat = wechat || strings.HasPrefix(name, "payment_method_types[") && c.form.Get(name) == "wechat_pay"
	}
	if wechat && c.form.Get("payment_method_options[wechat_pay][client]") != "web" {
		return nil, refuse(http.StatusBadRequest, "parameter_missing", "payment_method_options[wechat_pay][client]",
			"Missing required param: payment_method_options[wechat_pay][client].")
	}
	made.id = s.id("cs_test_")
	s.sessions = append(s.sessions, made)
	return s.sessionJSON(made, false, false), nil
}

func (s *Server) session(id string) (*session, bool) {
	return find(s.sessions, func(x *session) bool { return x.id == id })
}

func (s *Server) getSession(c call, id string) (object, *refusal) {
	got, known := s.session(id)
	if !known {
		return nil, missing("checkout.session", id)
	}
	return s.sessionJSON(got, c.expands("payment_intent"), c.expands("payment_intent.latest_charge")), nil
}

func (s *Server) listSessions(c call, _ string) (object, *refusal) {
	list, refused := within(c, s.sessions, func(x *session) int64 { return x.created })
	if refused != nil {
		return nil, refused
	}
	return page(c, list, func(x *session) string { return x.id }, func(x *session) object {
		return s.sessionJSON(x, false, false)
	})
}

func (s *Server) expireSession(_ call, id string) (object, *refusal) {
	got, known := s.session(id)
	if !known {
		return nil, missing("checkout.session", id)
	}
	if got.status != "open" {
		return nil, refuse(http.StatusBadRequest, "", "session", "Only Checkout Sessions with a status in [\"open\"] can "+
			"be expired. This Checkout Session has a status of `"+got.status+"`.").keep()
	}
	s.end(got)
	return s.sessionJSON(got, false, false), nil
}

func (s *Server) end(x *session) {
	x.status = "expired"
	s.send("checkout.session.expired", s.sessionJSON(x, false, false), nil)
}

// expireOld expires the sessions whose time is over.
func (s *Server) expireOld() {
	for _, x := range s.sessions {
		if x.status == "open" && s.now().Unix() >= x.expires {
			s.end(x)
		}
	}
}

func (s *Server) sessionJSON(x *session, withIntent, withCharge bool) object {
	o := object{
		"id": x.id, "object": "checkout.session", "livemode": false, "mode": "payment", "status": x.status,
		"payment_status": x.paymentStatus, "client_reference_id": x.attempt, "amount_total": x.amount,
		"amount_subtotal": x.amount, "currency": x.currency, "created": x.created, "expires_at": x.expires,
		"success_url": x.success, "cancel_url": x.cancel, "metadata": x.mark, "url": nil, "payment_intent": nil,
		"adaptive_pricing": object{"enabled": x.adaptive}, "locale": x.locale,
	}
	if x.status == "open" {
		o["url"] = s.http.URL + "/c/pay/" + x.id
	}
	if x.intent != nil {
		o["payment_intent"] = x.intent.id
		if withIntent {
			o["payment_intent"] = intentJSON(x.intent, withCharge)
		}
	}
	return o
}

func intentJSON(x *intent, withCharge bool) object {
	o := object{
		"id": x.id, "object": "payment_intent", "livemode": false, "status": x.status, "amount": x.amount,
		"amount_received": x.received, "currency": x.currency, "created": x.created, "metadata": x.mark,
		"latest_charge": x.charge,
	}
	if withCharge {
		o["latest_charge"] = chargeJSON(x)
	}
	return o
}

func chargeJSON(x *intent) object {
	return object{
		"id": x.charge, "object": "charge", "livemode": false, "amount": x.received, "amount_captured": x.received,
		"currency": x.currency, "created": x.created, "payment_intent": x.id, "metadata": x.mark,
		"paid": x.status == "succeeded", "captured": x.status == "succeeded",
	}
}

func (s *Server) getIntent(c call, id string) (object, *refusal) {
	got, known := find(s.intents, func(x *intent) bool { return x.id == id })
	if !known {
		return nil, missing("payment_intent", id)
	}
	return intentJSON(got, c.expands("latest_charge")), nil
}

var clause = regexp.MustCompile(`^metadata\['(\w+)'\]:'([^'\\]*)'$`)

func (s *Server) searchIntents(c call, _ string) (object, *refusal) {
	wanted := map[string]string{}
	for part := range strings.SplitSeq(c.form.Get("query"), " AND ") {
		match := clause.FindStringSubmatch(part)
		if match == nil {
			return nil, bad("query", "We were unable to parse your search query")
		}
		wanted[match[1]] = match[2]
	}
	data := []object{}
	for _, x := range s.intents {
		fits := true
		for name, value := range wanted {
			fits = fits && x.mark[name] == value
		}
		if fits {
			data = append(data, intentJSON(x, c.expands("data.latest_charge")))
		}
	}
	return object{"object": "search_result", "data": data, "has_more": false, "url": c.path}, nil
}

// pay lets the payer pay a session, or go on with a payment that is being processed.
func (s *Server) pay(x *session, amount int64, pending, fails bool) bool {
	late := x.intent != nil && x.intent.status == "processing"
	if x.status != "open" && !late {
		return false
	}
	if x.intent == nil {
		x.intent = &intent{
			id: s.id("pi_"), charge: s.id("ch_"), currency: x.currency, amount: x.amount,
			created: s.now().Truncate(time.Second).Unix(), mark: x.intentMark,
		}
		s.intents = append(s.intents, x.intent)
	}
	x.status = "complete"
	switch {
	case pending && late:
	case pending:
		x.intent.status = "processing"
		s.send("checkout.session.completed", s.sessionJSON(x, false, false), nil)
	case fails:
		x.intent.status = "requires_payment_method"
		if !late {
			s.send("checkout.session.completed", s.sessionJSON(x, false, false), nil)
		}
		s.send("checkout.session.async_payment_failed", s.sessionJSON(x, false, false), nil)
	default:
		x.intent.status, x.intent.received, x.amount, x.paymentStatus = "succeeded", amount, amount, "paid"
		s.take(x.intent)
		kind := "checkout.session.completed"
		if late {
			kind = "checkout.session.async_payment_succeeded"
		}
		s.send(kind, s.sessionJSON(x, false, false), nil)
		s.send("payment_intent.succeeded", intentJSON(x.intent, false), nil)
	}
	return true
}
