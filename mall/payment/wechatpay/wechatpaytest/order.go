package wechatpaytest

import (
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"videomall/mall/strictjson"
)

// The states of an order.
const (
	notPaid    = "NOTPAY"
	userPaying = "USERPAYING"
	payError   = "PAYERROR"
	success    = "SUCCESS"
	refunded   = "REFUND"
	closed     = "CLOSED"
)

// order is a charge in the bank's books.
type order struct {
	asked         wireOrder
	tradeType     string
	prepayID      string
	codeURL       string
	state         string
	taken         int64 // what the payer paid
	transactionID string
	expires       time.Time
	paidAt        time.Time
}

// wireOrder is what a merchant sends.
type wireOrder struct {
	AppID       *string        `json:"appid"`
	MerchantID  *string        `json:"mchid"`
	Description *string        `json:"description"`
	OutTradeNo  *string        `json:"out_trade_no"`
	TimeExpire  *string        `json:"time_expire"`
	Attach      *string        `json:"attach"`
	NotifyURL   *string        `json:"notify_url"`
	GoodsTag    *string        `json:"goods_tag"`
	Fapiao      *bool          `json:"support_fapiao"`
	Amount      *wireAmount    `json:"amount"`
	Payer       *wirePayer     `json:"payer"`
	Detail      jsontext.Value `json:"detail"`
	Scene       *wireScene     `json:"scene_info"`
	Settle      jsontext.Value `json:"settle_info"`
}

type wireAmount struct {
	Total    *int64  `json:"total"`
	Currency *string `json:"currency"`
}

type wirePayer struct {
	OpenID *string `json:"openid"`
}

type wireScene struct {
	ClientIP *string        `json:"payer_client_ip"`
	DeviceID *string        `json:"device_id"`
	Store    jsontext.Value `json:"store_info"`
	H5       *wireH5        `json:"h5_info"`
}

type wireH5 struct {
	Type     *string `json:"type"`
	AppName  *string `json:"app_name"`
	AppURL   *string `json:"app_url"`
	BundleID *string `json:"bundle_id"`
	Package  *string `json:"package_name"`
}

var tradeNumbers = regexp.MustCompile(`^[0-9A-Za-z_*|-]{6,32}$`)

// prepay returns the verb that opens an order of one type of trade.
func (b *Bank) prepay(tradeType string) func(call) (any, error) {
	return func(c call) (any, error) {
		var w wireOrder
		if err := strictjson.Closed(c.body, &w); err != nil {
			return nil, invalid(err.Error())
		}
		expires, err := b.check(w, tradeType)
		if err != nil {
			return nil, err
		}
		o, ok := b.orders[*w.OutTradeNo]
		if !ok {
			o = &order{asked: w, tradeType: tradeType, state: notPaid, expires: expires, prepayID: "wx" + text(34)}
			o.codeURL = "weixin://wxpay/bizpayurl?pr=" + text(9)
			b.orders[*w.OutTradeNo], b.prepaid[o.prepayID] = o, o
			return b.entry(o), nil
		}
		b.expire(o)
		switch {
		case !same(o.asked, w) || o.tradeType != tradeType:
			return nil, refuse(http.StatusForbidden, "OUT_TRADE_NO_USED", "商户订单号重复")
		case o.state == success || o.state == refunded:
			return nil, refuse(http.StatusBadRequest, "ORDERPAID", "该订单已支付")
		case o.state == closed:
			return nil, refuse(http.StatusBadRequest, "ORDER_CLOSED", "该订单已关闭")
		}
		return b.entry(o), nil
	}
}

// entry is what the payer needs to pay an order.
func (b *Bank) entry(o *order) any {
	switch o.tradeType {
	case "NATIVE":
		return map[string]string{"code_url": o.codeURL}
	case "MWEB":
		return map[string]string{"h5_url": b.server.URL + "/h5?prepay_id=" + o.prepayID + "&package=1405458241"}
	}
	return map[string]string{"prepay_id": o.prepayID}
}

// check checks the parameters of an order and returns when it expires.
func (b *Bank) check(w wireOrder, tradeType string) (time.Time, error) {
	expires := b.now().Add(2 * time.Hour)
	switch {
	case !oneOf(w.AppID, AppID):
		return expires, refuse(http.StatusBadRequest, "APPID_MCHID_NOT_MATCH", "AppID和mch_id不匹配")
	case !oneOf(w.MerchantID, MerchantID):
		return expires, refuse(http.StatusNotFound, "MCH_NOT_EXISTS", "商户号不存在")
	case !within(w.Description, 1, 127):
		return expires, invalid("description")
	case w.OutTradeNo == nil || !tradeNumbers.MatchString(*w.OutTradeNo):
		return expires, invalid("out_trade_no")
	case w.Attach != nil && !within(w.Attach, 0, 128):
		return expires, invalid("attach")
	case !within(w.NotifyURL, 1, 255) || !notifiable(*w.NotifyURL):
		return expires, invalid("notify_url")
	case w.Amount == nil || w.Amount.Total == nil || *w.Amount.Total < 1 || *w.Amount.Total > 1e12:
		return expires, invalid("amount/total")
	case w.Amount.Currency != nil && *w.Amount.Currency != "CNY":
		return expires, invalid("amount/currency")
	case tradeType == "JSAPI" && (w.Payer == nil || !within(w.Payer.OpenID, 1, 128)):
		return expires, invalid("payer/openid")
	case tradeType != "JSAPI" && w.Payer != nil:
		return expires, invalid("payer")
	}
	if tradeType == "MWEB" {
		if w.Scene == nil || w.Scene.ClientIP == nil || w.Scene.H5 == nil ||
			!oneOf(w.Scene.H5.Type, "Wap", "iOS", "Android") {
			return expires, invalid("scene_info")
		}
		if _, err := netip.ParseAddr(*w.Scene.ClientIP); err != nil {
			return expires, invalid("scene_info/payer_client_ip")
		}
	}
	if w.TimeExpire == nil {
		return expires, nil
	}
	expires, err := time.Parse(time.RFC3339, *w.TimeExpire)
	if err != nil || expires.Before(b.now().Add(time.Minute)) || expires.After(b.now().AddDate(0, 0, 7)) {
		return expires, invalid("time_expire")
	}
	return expires, nil
}

// notifiable reports whether a URL is https without a query; at a loopback address http will do, unlike at WeChat Pay.
func notifiable(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.RawQuery != "" || u.Host == "" {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && err == nil && addr.IsLoopback()
}

// same reports whether an order is asked for again. The payer's address may be another.
func same(a, b wireOrder) bool {
	total := func(w wireOrder) any { return *w.Amount.Total }
	value := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return total(a) == total(b) && value(a.Description) == value(b.Description) && value(a.Attach) == value(b.Attach) &&
		value(a.TimeExpire) == value(b.TimeExpire) && value(a.NotifyURL) == value(b.NotifyURL) &&
		(a.Payer == nil) == (b.Payer == nil) && (a.Payer == nil || value(a.Payer.OpenID) == value(b.Payer.OpenID))
}

// expire closes an order whose time is over.
func (b *Bank) expire(o *order) {
	if (o.state == notPaid || o.state == payError) && !b.now().Before(o.expires) {
		o.state = closed
	}
}

// find returns the order of a request. merchant is the mchid that came with it.
func (b *Bank) find(no, merchant string) (*order, error) {
	if merchant != MerchantID {
		return nil, invalid("mchid")
	}
	o, ok := b.orders[no]
	if !ok {
		return nil, refuse(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
	}
	b.expire(o)
	return o, nil
}

func (b *Bank) query(c call) (any, error) {
	o, err := b.find(c.path, c.query.Get("mchid"))
	if err != nil {
		return nil, err
	}
	return o.described(), nil
}

func (b *Bank) queryByTransaction(c call) (any, error) {
	for no, o := range b.orders {
		if o.transactionID != "" && o.transactionID == c.path {
			c.path = no
			return b.query(c)
		}
	}
	return nil, refuse(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
}

func (b *Bank) close(c call) (any, error) {
	var w struct {
		MerchantID string `json:"mchid"`
	}
	if err := strictjson.Closed(c.body, &w); err != nil {
		return nil, invalid(err.Error())
	}
	o, err := b.find(c.path, w.MerchantID)
	if err != nil {
		return nil, err
	}
	switch o.state {
	case success, refunded:
		return nil, refuse(http.StatusBadRequest, "ORDERPAID", "该订单已支付")
	case userPaying:
		return nil, refuse(http.StatusAccepted, "USERPAYING", "用户支付中，需要输入密码")
	}
	o.state = closed
	return nil, nil
}

// words describe the states to people.
var words = map[string]string{
	notPaid:    "订单未支付",
	userPaying: "用户支付中",
	payError:   "支付失败",
	success:    "支付成功",
	refunded:   "转入退款",
	closed:     "订单已关闭",
}

// payer is the OpenID of who pays: whom the order names, or whoever uses WeChat from the start.
func (o *order) payer() string {
	if o.asked.Payer != nil {
		return *o.asked.Payer.OpenID
	}
	return Payer
}

// described is an order as queries and notices show it.
func (o *order) described() map[string]any {
	attach := ""
	if o.asked.Attach != nil {
		attach = *o.asked.Attach
	}
	d := map[string]any{
		"appid":            *o.asked.AppID,
		"mchid":            *o.asked.MerchantID,
		"out_trade_no":     *o.asked.OutTradeNo,
		"attach":           attach,
		"trade_state":      o.state,
		"trade_state_desc": words[o.state],
		"promotion_detail": []any{},
		"payer":            map[string]any{},
		"amount":           map[string]any{"total": *o.asked.Amount.Total, "currency": "CNY"},
	}
	if o.transactionID != "" {
		d["transaction_id"] = o.transactionID
		d["trade_type"] = o.tradeType
		d["bank_type"] = "OTHERS"
		d["success_time"] = o.paidAt.In(Beijing).Format(time.RFC3339)
		d["payer"] = map[string]any{"openid": o.payer()}
		d["amount"] = map[string]any{
			"total":          o.taken,
			"payer_total":    o.taken,
			"currency":       "CNY",
			"payer_currency": "CNY",
		}
	}
	return d
}
