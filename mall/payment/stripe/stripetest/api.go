package stripetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
)

// object is the JSON of what Stripe sends.
type object = map[string]any

// refusal is an error of the API. Stripe stores it for the idempotency key if it came up while the request was carried
// out, but not if its parameters were refused before.
type refusal struct {
	status int
	stored bool
	body   object
}

func refuse(status int, code, param, message string) *refusal {
	kind := "invalid_request_error"
	if status >= 500 {
		kind = "api_error"
	}
	e := object{"type": kind, "message": message}
	if code != "" {
		e["code"] = code
	}
	if param != "" {
		e["param"] = param
	}
	return &refusal{status: status, body: object{"error": e}}
}

func bad(param, message string) *refusal {
	return refuse(http.StatusBadRequest, "parameter_invalid", param, message)
}

func missing(kind, id string) *refusal {
	r := refuse(http.StatusNotFound, "resource_missing", "id", fmt.Sprintf("No such %s: '%s'", kind, id))
	return r
}

func (r *refusal) keep() *refusal {
	r.stored = true
	return r
}

// stored is the answer to a request with an idempotency key.
type stored struct {
	path, form string
	status     int
	body       []byte
	at         time.Time
}

// call is a request of the API.
type call struct {
	method string
	path   string
	form   url.Values
}

func (c call) expands(field string) bool {
	for _, f := range c.form["expand[]"] {
		if f == field || strings.HasPrefix(f, field+".") {
			return true
		}
	}
	return false
}

// serveAPI answers a request of the API: authentication, version, idempotency, faults, and then the request itself.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	var fault paymenttest.Fault
	var status int
	var answer []byte
	var replayed bool
	s.act(func() {
		// The client looks through a payment's refunds before it makes one: it is the answer to that which gets lost.
		if s.fault != paymenttest.FaultLostAnswer || r.URL.Path != "/v1/refunds" || r.Method == http.MethodPost {
			fault, s.fault = s.fault, ""
		}
		s.expireOld()
		status, answer, replayed = s.answer(r, body, fault)
	})
	switch fault {
	case paymenttest.FaultSlow:
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
		return
	case paymenttest.FaultLostAnswer:
		// Half an answer: a connection that ends before an answer makes Go's client send the request again by itself.
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer[:len(answer)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case paymenttest.FaultBadAnswer:
		status, answer = http.StatusOK, []byte("<html>Bad gateway</html>")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_StandIn")
	w.Header().Set("Stripe-Version", stripe.Version)
	if replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

func (s *Server) answer(r *http.Request, body []byte, fault paymenttest.Fault) (int, []byte, bool) {
	c := call{r.Method, r.URL.Path, r.URL.Query()}
	key := r.Header.Get("Idempotency-Key")
	problem := s.admit(r, body, &c, key)
	seen := Request{Method: c.method, Path: c.path, Key: key, Form: map[string]string{}}
	for name := range c.form {
		seen.Form[name] = c.form.Get(name)
	}
	s.requests = append(s.requests, seen)
	if problem != nil {
		return problem.status, encode(problem.body), false
	}
	if fault == paymenttest.FaultUnavailable {
		return http.StatusServiceUnavailable, []byte("upstream connect error"), false
	}
	old, known := s.answers[key]
	if key != "" && known && s.now().Sub(old.at) < 24*time.Hour {
		if old.path != c.path || old.form != c.form.Encode() {
			e := refuse(http.StatusBadRequest, "", "", "Keys for idempotent requests can only be used with the same "+
				"parameters they were first used with.")
			e.body["error"].(object)["type"] = "idempotency_error"
			return e.status, encode(e.body), false
		}
		return old.status, old.body, true
	}
	keep := func(status int, answer []byte) {
		if key != "" {
			s.answers[key] = stored{c.path, c.form.Encode(), status, answer, s.now()}
		}
	}
	broken := refuse(http.StatusInternalServerError, "", "", "An unknown error occurred")
	if fault == FaultStored {
		keep(broken.status, encode(broken.body))
		return broken.status, encode(broken.body), false
	}
	result, refused := s.route(c)
	switch {
	case fault == FaultStoredDone:
		keep(broken.status, encode(broken.body))
		return broken.status, encode(broken.body), false
	case refused != nil:
		if refused.stored {
			keep(refused.status, encode(refused.body))
		}
		return refused.status, encode(refused.body), false
	}
	keep(http.StatusOK, encode(result))
	return http.StatusOK, encode(result), false
}

// admit checks the headers of a request and reads its form.
func (s *Server) admit(r *http.Request, body []byte, c *call, key string) *refusal {
	if r.Header.Get("Authorization") != "Bearer "+SecretKey {
		return refuse(http.StatusUnauthorized, "", "", "Invalid API Key provided")
	}
	if r.Header.Get("Stripe-Version") != stripe.Version {
		return bad("", "Invalid Stripe API version")
	}
	if c.method == http.MethodPost {
		if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" && len(body) > 0 {
			return bad("", "Invalid Content-Type")
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return bad("", "Invalid form")
		}
		c.form = form
	} else if key != "" {
		return bad("", "Only a POST has an idempotency key")
	}
	if len(key) > 255 {
		return bad("", "The idempotency key has more than 255 characters")
	}
	return nil
}

// allowed lists the parameters of each address, and the addresses that there are.
var allowed = []struct {
	method string
	path   *regexp.Regexp
	params *regexp.Regexp
	run    func(*Server, call, string) (object, *refusal)
}{
	{http.MethodPost, at(`/checkout/sessions`), names(`mode|client_reference_id|success_url|cancel_url|expires_at|` +
		`locale|` +
		`line_items\[0\]\[(quantity|price_data\]\[(currency|unit_amount|product_data\]\[name))\]|` +
		`adaptive_pricing\[enabled\]|(payment_intent_data\[metadata\]|metadata)\[\w+\]|` +
		`payment_method_types\[\d+\]|payment_method_options\[wechat_pay\]\[client\]`), (*Server).createSession},
	{http.MethodGet, at(`/checkout/sessions`), names(`created\[(gte|lt)\]|limit|starting_after`), (*Server).listSessions},
	{http.MethodGet, at(`/checkout/sessions/([^/]+)`), names(``), (*Server).getSession},
	{http.MethodPost, at(`/checkout/sessions/([^/]+)/expire`), names(``), (*Server).expireSession},
	{http.MethodGet, at(`/payment_intents/search`), names(`query|limit|page`), (*Server).searchIntents},
	{http.MethodGet, at(`/payment_intents/([^/]+)`), names(``), (*Server).getIntent},
	{http.MethodPost, at(`/refunds`), names(`payment_intent|amount|reason|metadata\[\w+\]`), (*Server).createRefund},
	{http.MethodGet, at(`/refunds`), names(`payment_intent|limit|starting_after`), (*Server).listRefunds},
	{http.MethodGet, at(`/refunds/([^/]+)`), names(``), (*Server).getRefund},
	{
		http.MethodGet, at(`/balance_transactions`), names(`created\[(gte|lt)\]|limit|starting_after`),
		(*Server).listMovements,
	},
}

func at(path string) *regexp.Regexp { return regexp.MustCompile(`^/v1` + path + `$`) }

func names(params string) *regexp.Regexp { return regexp.MustCompile(`^(expand\[\]|` + params + `)$`) }

func (s *Server) route(c call) (object, *refusal) {
	for _, a := range allowed {
		match := a.path.FindStringSubmatch(c.path)
		if match == nil || a.method != c.method {
			continue
		}
		for name, values := range c.form {
			if !a.params.MatchString(name) || name == "" {
				return nil, refuse(http.StatusBadRequest, "parameter_unknown", name, "Received unknown parameter: "+name)
			}
			if name != "expand[]" && (len(values) != 1 || values[0] == "") {
				return nil, refuse(http.StatusBadRequest, "parameter_invalid_empty", name, "Empty or given twice: "+name)
			}
		}
		return a.run(s, c, match[len(match)-1])
	}
	return nil, refuse(http.StatusNotFound, "", "", "Unrecognized request URL ("+c.method+": "+c.path+")")
}

func encode(o object) []byte {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err) // it is made of maps, strings and numbers
	}
	return raw
}

// metadata reads the metadata of a request.
func metadata(form url.Values, prefix string) (map[string]string, *refusal) {
	out := map[string]string{}
	for name := range form {
		key, found := strings.CutPrefix(name, prefix+"[")
		if !found {
			continue
		}
		key = strings.TrimSuffix(key, "]")
		value := form.Get(name)
		if len(key) > 40 || len([]rune(value)) > 500 {
			return nil, bad(name, "Metadata keys have up to 40 characters, values up to 500")
		}
		out[key] = value
	}
	return out, nil
}

// within returns the part of a list that was created in the time that a request asks for, the newest first.
func within[T any](c call, list []T, created func(T) int64) ([]T, *refusal) {
	from, err1 := strconv.ParseInt(c.form.Get("created[gte]"), 10, 64)
	to, err2 := strconv.ParseInt(c.form.Get("created[lt]"), 10, 64)
	if err1 != nil || err2 != nil {
		return nil, bad("created", "Invalid created")
	}
	list = slices.DeleteFunc(slices.Clone(list), func(x T) bool { return created(x) < from || created(x) >= to })
	slices.Reverse(list)
	return list, nil
}

// page returns the part of a list that a request asks for; the list is sorted with the newest first.
func page[T any](c call, list []T, id func(T) string, show func(T) object) (object, *refusal) {
	limit := 10
	if l := c.form.Get("limit"); l != "" {
		var err error
		if limit, err = strconv.Atoi(l); err != nil || limit < 1 || limit > 100 {
			return nil, bad("limit", "Invalid limit")
		}
	}
	if after := c.form.Get("starting_after"); after != "" {
		for i, item := range list {
			if id(item) == after {
				list = list[i+1:]
				after = ""
				break
			}
		}
		if after != "" {
			return nil, missing("object", after)
		}
	}
	more := len(list) > limit
	if more {
		list = list[:limit]
	}
	data := []object{}
	for _, item := range list {
		data = append(data, show(item))
	}
	return object{"object": "list", "data": data, "has_more": more, "url": c.path}, nil
}
