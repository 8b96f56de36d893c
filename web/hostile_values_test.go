package web_test

import (
	"net/url"
	"strings"
)

// kindOfValue is a group of values that break a server for the same reason.
type kindOfValue struct {
	name   string
	values []string
}

// hostile are values that have broken other servers.
var hostile = []kindOfValue{
	{nul, []string{"a\x00b", "\x00"}},
	{badBytes, []string{"\xff\xfe", "a\xc0\xafb", "\xed\xa0\x80"}},
	{"blank", []string{"", " "}},
	{"not positive", []string{"-1", "0"}},
	{"not an integer", []string{"1.5", "1e400", "NaN", "0x10", "２", "١"}},
	{"beyond 32 bits", []string{"2147483648"}},
	{"limit of 64 bits", []string{"9223372036854775807", "-9223372036854775808"}},
	{"beyond 64 bits", []string{"9223372036854775808", strings.Repeat("9", 400)}},
	{"long", []string{strings.Repeat("é", 5000)}},
	{"syntax of another language", []string{"' or 1=1; --", `\`, "%", "_%", "%00", "<script>", "\r\nX: y"}},
	{"invisible or astral", []string{"\u202e\u200b\ufeff", "💥"}},
	{"time", []string{"0000-00-00T00:00", "9999-12-31T23:59", "294277-01-01T00:00"}},
	{"structure", []string{"null", "[]", "a,b,,", "AAAA"}},
	{"address", []string{"../../etc/passwd", "javascript:alert(1)", "//evil.example/"}},
}

// unlinked are parameters that no page of the matrix links to or has a form for, by "method route".
var unlinked = map[string]url.Values{
	"GET /videos":                           {"cursor": {"x"}, "sort": {"newest"}, "filters": {"1"}},
	"GET /search":                           {"q": {"film"}, "cursor": {"x"}, "sort": {"price_asc"}},
	"GET /v/:slug/reviews":                  {"cursor": {"x"}},
	"GET /orders":                           {"cursor": {"x"}},
	"GET /orders/:orderNo/pay/status":       {"attempt": {"x"}},
	"GET /orders/:orderNo/pay/payer":        {"code": {"x"}, "state": {"x"}},
	"GET /library":                          {"cursor": {"x"}, "expired": {"1"}, "device": {"1"}},
	"POST /admin/providers/:provider/offer": {"version": {"1"}, "offered": {"on"}},
	"POST /orders/:orderNo/pay":             {"provider": {"x"}, "by_code": {"1"}},
	"GET /admin/orders": {
		"beforeNo": {"x"},
		"before":   {"2026-01-02T03:04"},
		"product":  {"1"},
		"status":   {"PAID"},
		"q":        {"x"},
	},
	"POST /admin/orders/:orderNo/notices/:id/what-if": {"first": {"1"}},
	"GET /admin/audit": {
		"actor":   {"1"},
		"verb":    {"x"},
		"subject": {"x"},
		"since":   {"2026-01-02"},
		"until":   {"2026-01-03"},
		"before":  {"1"},
	},
	"GET /admin/people": {
		"q":         {"x"},
		"role":      {"shopper"},
		"suspended": {"1"},
		"after":     {"1"},
		"before":    {"1"},
	},
	"GET /admin/cases": {
		"before": {"1"},
		"after":  {"1"},
		"state":  {"open"},
		"kind":   {"x"},
		"last":   {"1"},
	},
	"GET /admin/review": {"state": {"open"}, "before": {"1"}, "after": {"1"}, "high": {"1"}},
	"GET /admin/books": {
		"before":   {"1"},
		"account":  {"x"},
		"currency": {"CNY"},
		"from":     {"2026-01-01"},
		"to":       {"2026-01-02"},
	},
	"POST /admin/tax/rates/:id/end": {"on": {"2026-01-02"}},
	"POST /admin/books/exchange": {
		"sold":            {"1"},
		"sold_currency":   {"CNY"},
		"bought":          {"1"},
		"bought_currency": {"USD"},
		"reference":       {"x"},
		"day":             {"2026-01-02"},
		"key":             {"x"},
	},
	"POST /studio/earnings/settlement": {"settlement": {"USD"}},
	"GET /admin/tax/report":            {"period": {"2026-Q4"}},
	"GET /admin/tax/report.csv":        {"period": {"2026-11"}},
	"GET /admin/currencies":            {"code": {"USD"}},
	"POST /admin/currencies": {
		"known":   {"USD"},
		"code":    {"USD"},
		"step":    {"1"},
		"less":    {"0.01"},
		"offered": {"on"},
	},
	"POST /admin/currencies/rates": {
		"currency":  {"USD"},
		"rate":      {"0.14"},
		"from":      {"2026-12-01T09:00"},
		"source":    {"ECB"},
		"confirmed": {"on"},
	},
	"POST /admin/currencies/lines": {"lines": {"USD,0.14"}, "source": {"ECB"}, "confirmed": {"on"}},
	"GET /account/billing":         {"next": {"/checkout"}},
	"GET /admin/lists":             {"list": {"deny"}, "before": {"1"}, "subject": {"x"}},
	"GET /admin":                   {"days": {"30"}},
	"GET /studio":                  {"days": {"30"}, "from": {"2026-01-01"}, "to": {"2026-01-02"}},
	"GET /studio/orders": {
		"before": {"x"},
		"q":      {"x"},
		"video":  {"1"},
		"from":   {"2026-01-01"},
		"to":     {"2026-01-02"},
		"state":  {"x"},
	},
	"GET /studio/listings":     {"before": {"1"}, "state": {"draft"}},
	"GET /studio/listings/new": {"video": {"1"}, "cover": {"x"}},
	"GET /studio/offers":       {"coupons": {"1"}, "bundles": {"1"}},
	"GET /studio/earnings":     {"before": {"1"}, "currency": {"CNY"}},
	"GET /studio/webhooks/:id": {"before": {"1"}},
	"GET /studio/sales/new":    {"spu": {"1"}, "q": {"x"}},
	"GET /admin/sales/new":     {"spu": {"1"}, "q": {"x"}},
	"GET /sign-in":             {"next": {"/"}},
	"GET /api/v1/mall/videos": {
		"q":        {"film"},
		"category": {"films"},
		"sort":     {"newest"},
		"priceMin": {"1"},
		"priceMax": {"2"},
		"currency": {"USD"},
		"limit":    {"1"},
		"cursor":   {"x"},
	},
	"GET /api/v1/mall/videos/:skuId":   {"currency": {"USD"}},
	"POST /preferences":                {"currency": {"USD"}},
	"GET /api/v1/mall/me/orders":       {"limit": {"1"}, "cursor": {"x"}},
	"GET /api/v1/mall/me/entitlements": {"limit": {"1"}, "cursor": {"x"}},
	"GET /api/v1/mall/campaigns":       {"currency": {"USD"}, "limit": {"1"}, "cursor": {"x"}},
	"GET /checkout":                    {"coupon": {"SUMMER"}},
	"GET /studio/insight.csv":          {"what": {"days"}},
	"GET /watch/:slug":                 {"start": {"1"}},
	"POST /cart/items":                 {"sku_id": {"1"}, "next": {"/checkout"}},
	"POST /studio/time-zone":           {"zone": {"Asia/Shanghai"}},
	"POST /seen":                       {"tag": {"x"}},
	"POST /v/:slug/reviews":            {"rating": {"5"}, "body": {"Good."}},
	"POST /sandbox/pay/:token/pay": {
		"copies":         {"1"},
		"delay":          {"1"},
		"amount":         {"1"},
		"currency":       {"CNY"},
		"first_notice":   {"x"},
		"processing":     {"1"},
		"hold_notice":    {"1"},
		"twice":          {"1"},
		"refunds_fail":   {"1"},
		"refunds_return": {"1"},
	},
	"POST /orders/:orderNo/fapiao": {
		"type":        {"company"},
		"title":       {"x"},
		"taxpayer_no": {"91350100M000100Y43"},
		"email":       {"a@example.com"},
	},
	"POST /orders/:orderNo/details": {
		"country": {"DE"},
		"company": {"x"},
		"address": {"x"},
		"vat_id":  {"DE136695976"},
	},
	"GET /orders/:orderNo/documents/:number":  {"lang": {"en"}},
	"POST /admin/invoices/fapiao/:id/issue":   {"fapiao_no": {"x"}},
	"POST /admin/invoices/fapiao/:id/decline": {"answer": {"x"}},
	"POST /admin/invoices/fapiao/:id/reverse": {"reversal_no": {"x"}, "fapiao_no": {"x"}},
	"GET /admin/invoices": {
		"from":   {"2026-01-01"},
		"until":  {"2026-01-31"},
		"before": {"INV-2026-000001"},
		"number": {"INV-2026-000001"},
	},
	"GET /admin/invoices.csv":          {"from": {"2026-01-01"}, "until": {"2026-01-31"}},
	"GET /admin/invoices/fapiao":       {"status": {"issued"}, "after": {"1"}},
	"POST /studio/videos/:id/captions": {"language": {"en"}},
	"POST /studio/videos/:id/chapters": {"language": {"en"}, "chapters": {"0:00 Start"}},
	"POST /studio/videos/:id/cover":    {"poster": {"1"}},
	"POST /studio/videos/:id/retry":    {"stage": {"probe"}},
	"POST /studio/listings/:id/appeal": {"words": {"Please look again."}},
	"POST /admin/payouts/:id/pay":      {"bank_reference": {"x"}},
	"POST /admin/takedowns":            {"access": {"keep"}},
	"POST /admin/appeals/:id":          {"answer": {"yes"}},
	"POST /admin/cases/:id/close":      {"note": {"Done."}},
	"POST /admin/refunds/requests/:id/approve": {
		"how":      {"amount"},
		"amount":   {"1.00"},
		"currency": {"CNY"},
		"answer":   {"Yes."},
		"order":    {"x"},
	},
	"POST /admin/refunds/requests/:id/decline": {"answer": {"No."}, "order": {"x"}},
	"POST /admin/refunds/:refundNo/transfer":   {"reference": {"BANK 42"}, "order": {"x"}},
	"POST /orders/:orderNo/refund":             {"item": {"1"}, "reason": {"r"}, "key": {"k"}},
	"POST /sandbox/pay/:token/dispute":         {"to": {"open"}},
	"POST /admin/review/:id/return":            {"note": {"Too dark."}},
	"POST /sign-in":                            {"email": {"nobody@example.test"}, "password": {"x"}, "next": {"/"}},
	"POST /sign-up": {
		"email":    {"new@example.test"},
		"name":     {"New"},
		"password": {password},
		"next":     {"/"},
	},
}

// bodies are valid bodies of the addresses that read JSON.
var bodies = map[string]string{
	"POST /api/v1/mall/orders": `{"items": [{"skuId": 1, "quantity": 1}], "couponCode": "SUMMER", "campaignId": 1,
		"billing": {"country": "DE", "company": "x", "address": "x", "vatId": "DE136695976"}}`,
	"POST /api/v1/mall/payments/:orderNo/prepay":    `{"provider": "sandbox"}`,
	"POST /api/v1/mall/auth/token":                  `{"email": "nobody@example.test", "password": "x"}`,
	"POST /api/v1/mall/play/heartbeat":              `{"position": 1}`,
	"POST /api/v1/mall/play/auth/:videoId":          `{"takeover": true}`,
	"POST /preview/:assetId/auth":                   `{"takeover": true}`,
	"POST /try/:slug/auth":                          `{"takeover": true}`,
	"POST /studio/uploads/parts":                    `{"name": "video.mp4", "type": "video/mp4", "size": 100}`,
	"POST /studio/uploads/parts/:id/addresses":      `{"numbers": [1]}`,
	"POST /api/v1/mall/payments/callback":           notice,
	"POST /api/v1/mall/payments/callback/:provider": notice,
}

const notice = `{"eventId": "e", "type": "payment.succeeded", "merchant": "x", "outTradeNo": "1", "channelTxnNo": "t", "refundNo": "r",
	"refundTxnNo": "r", "amount": 1, "currency": "CNY", "occurredAt": "2026-01-02T03:04:05Z"}`

// endless are addresses whose answer has no end.
var endless = []string{"/sales/:id/events"}

// asJSON are JSON values that no string expresses; %s stands for the name of the parameter itself.
var asJSON = []string{
	"null", "[]", "{}", "true", "-1", "1e999", "9223372036854775808", "0.1", `{"a": {"a": []}}`,
	`1, "%s": 1`,
}
