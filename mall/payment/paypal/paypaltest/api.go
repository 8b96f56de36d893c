package paypaltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"videomall/mall/payment/paymenttest"
)

// object is the JSON of what PayPal sends.
type object = map[string]any

// refusal is an error of the API.
type refusal struct {
	status      int
	name, issue string
	text        string
}

func unprocessable(issue string) *refusal {
	return &refusal{http.StatusUnprocessableEntity, "UNPROCESSABLE_ENTITY", issue, "The requested action could not be " +
		"performed, semantically incorrect, or failed business validation."}
}

func bad(field string) *refusal {
	return &refusal{http.StatusBadRequest, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE", "Request is not well-formed, " +
		"syntactically incorrect, or violates schema: " + field}
}

func missing() *refusal {
	return &refusal{http.StatusNotFound, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", "The specified resource does not " +
		"exist."}
}

func (r *refusal) body() object {
	return object{
		"name": r.name, "message": r.text, "debug_id": "f1e2d3c4b5a6",
		"details": []object{{"issue": r.issue, "description": r.issue}},
		"links":   []object{{"href": "https://developer.paypal.com/docs/api/orders/v2/#error-" + r.issue, "rel": "information_link"}},
	}
}

// stored is the answer to a request with an id.
type stored struct {
	body string
	show func() object // what was made, as it is now
	at   time.Time
}

// idLife is for how long the id of a request is remembered. PayPal remembers those of refunds for longer.
const idLife = 6 * time.Hour

// call is a request of the API.
type call struct {
	method, path string
	query        url.Values
	body         []byte
	key          string
}

// into reads the body of a request. There must be nothing in it that the struct does not have.
func (c call) into(body any) *refusal {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(body); err != nil {
		return bad(err.Error())
	}
	return nil
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	grant := r.PostFormValue("grant_type")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bought++
	if id != ClientID || secret != s.secret || grant != "client_credentials" {
		answer(w, http.StatusUnauthorized, object{
			"error": "invalid_client", "error_description": "Client Authentication failed",
		})
		return
	}
	text := fmt.Sprintf("A21AA-stand-in-%06d", s.bought)
	s.tokens[text] = s.now().Add(s.opt.TokenLife)
	answer(w, http.StatusOK, object{
		"access_token": text, "token_type": "Bearer", "expires_in": int(s.opt.TokenLife / time.Second),
		"app_id": "APP-80W284485P519543T", "scope": "https://uri.paypal.com/services/payments/payment", "nonce": "n",
	})
}

func (s *Server) serveCertificate(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.fetched++
	file := s.cert
	s.mu.Unlock()
	if file == "" || !strings.HasPrefix(r.PathValue("id"), "CERT-") {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(File(file))
}

// serveAPI answers a request of the API: authentication, ids of requests, faults, and then the request itself.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	var fault paymenttest.Fault
	var status int
	var shown object
	s.act(func() {
		fault, s.fault = s.fault, ""
		if s.loseRefund && strings.HasSuffix(r.URL.Path, "/refund") {
			fault, s.loseRefund = paymenttest.FaultLostAnswer, false
		}
		s.expireOld()
		status, shown = s.answer(r, body, fault)
	})
	switch fault {
	case paymenttest.FaultUnavailable:
		http.Error(w, "upstream connect error", http.StatusServiceUnavailable)
		return
	case paymenttest.FaultSlow:
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
		return
	case paymenttest.FaultLostAnswer:
		// Half an answer: a connection that ends before an answer makes Go's client send the request again by itself.
		raw := encode(shown)
		w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
		_, _ = w.Write(raw[:len(raw)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case paymenttest.FaultBadAnswer:
		_, _ = w.Write([]byte("<html>Bad gateway</html>"))
		return
	}
	answer(w, status, shown)
}

func answer(w http.ResponseWriter, status int, shown object) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Paypal-Debug-Id", "f1e2d3c4b5a6")
	w.WriteHeader(status)
	_, _ = w.Write(encode(shown))
}

func (s *Server) answer(r *http.Request, body []byte, fault paymenttest.Fault) (int, object) {
	c := call{r.Method, r.URL.Path, r.URL.Query(), body, r.Header.Get("PayPal-Request-Id")}
	s.requests = append(s.requests, Request{c.method, c.path, c.key, string(body)})
	text, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if until, known := s.tokens[text]; !bearer || !known || !s.now().Before(until) {
		return http.StatusUnauthorized, (&refusal{
			http.StatusUnauthorized, "AUTHENTICATION_FAILURE", "INVALID_TOKEN",
			"Authentication failed due to invalid authentication credentials or a missing Authorization header.",
		}).body()
	}
	if fault == paymenttest.FaultUnavailable {
		return http.StatusServiceUnavailable, nil
	}
	if fault == FaultServer {
		return http.StatusInternalServerError, (&refusal{
			http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "INTERNAL_SERVICE_ERROR",
			"An internal server error has occurred.",
		}).body()
	}
	if c.method == http.MethodPost {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			return http.StatusUnsupportedMediaType, bad("Content-Type").body()
		}
		if len(c.key) > 108 {
			return http.StatusBadRequest, bad("PayPal-Request-Id").body()
		}
		if old, known := s.answers[c.path+" "+c.key]; c.key != "" && known && s.now().Sub(old.at) < idLife {
			if old.body != string(body) {
				refused := unprocessable("PAYPAL_REQUEST_ID_PREVIOUSLY_USED")
				return refused.status, refused.body()
			}
			return http.StatusOK, old.show()
		}
	}
	show, refused := s.route(c)
	if refused != nil {
		return refused.status, refused.body()
	}
	if c.method != http.MethodPost {
		return http.StatusOK, show()
	}
	if c.key != "" {
		s.answers[c.path+" "+c.key] = stored{string(body), show, s.now()}
	}
	return http.StatusCreated, show()
}

// addresses lists the addresses that there are.
var addresses = []struct {
	method string
	path   *regexp.Regexp
	run    func(*Server, call, string) (func() object, *refusal)
}{
	{http.MethodPost, at(`/v2/checkout/orders`), (*Server).createOrder},
	{http.MethodGet, at(`/v2/checkout/orders/([^/]+)`), (*Server).getOrder},
	{http.MethodPost, at(`/v2/checkout/orders/([^/]+)/capture`), (*Server).captureOrder},
	{http.MethodGet, at(`/v2/payments/captures/([^/]+)`), (*Server).getCapture},
	{http.MethodPost, at(`/v2/payments/captures/([^/]+)/refund`), (*Server).createRefund},
	{http.MethodGet, at(`/v2/payments/refunds/([^/]+)`), (*Server).getRefund},
	{http.MethodGet, at(`/v1/reporting/transactions`), (*Server).report},
	{http.MethodGet, at(`/v1/customer/disputes`), (*Server).listDisputes},
}

func at(path string) *regexp.Regexp { return regexp.MustCompile(`^` + path + `$`) }

func (s *Server) route(c call) (func() object, *refusal) {
	for _, a := range addresses {
		if match := a.path.FindStringSubmatch(c.path); match != nil && a.method == c.method {
			return a.run(s, c, match[len(match)-1])
		}
	}
	return nil, missing()
}

func encode(o object) []byte {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err) // it is made of maps, strings and numbers
	}
	return raw
}
