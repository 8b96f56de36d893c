package paypal

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
)

// numberShape is what our numbers look like. None has a colon, which separates them in a custom_id.
var numberShape = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// mark writes the custom_id of an attempt's order, or of a refund: the shop, the attempt's number, and the refund's.
func (p *PayPal) mark(attemptNo, refundNo string) string {
	m := p.opt.Shop + ":" + attemptNo
	if refundNo != "" {
		m += ":" + refundNo
	}
	return m
}

// marked reads a custom_id. ours is false if it has another mark or none.
func (p *PayPal) marked(customID string) (attemptNo, refundNo string, ours bool) {
	rest, ours := strings.CutPrefix(customID, p.opt.Shop+":")
	attemptNo, refundNo, _ = strings.Cut(rest, ":")
	if !ours || attemptNo != "" && !numberShape.MatchString(attemptNo) ||
		refundNo != "" && !numberShape.MatchString(refundNo) || attemptNo+refundNo == "" {
		return "", "", false
	}
	return attemptNo, refundNo, true
}

// requestID writes the PayPal-Request-Id, or the invoice_id, of what has one of our numbers.
func (p *PayPal) requestID(no string) string { return p.opt.Shop + "-" + no }

// link is an address that PayPal names in an answer.
type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// linked returns the id of the capture to which a link leads, such as that which a refund is of. It is empty if it leads
// elsewhere.
func linked(links []link, rel string) string {
	for _, l := range links {
		if l.Rel != rel {
			continue
		}
		if u, err := url.Parse(l.Href); err == nil && strings.HasPrefix(u.Path, captures) && plain(path.Base(u.Path)) {
			return path.Base(u.Path)
		}
	}
	return ""
}

const (
	orders   = "/v2/checkout/orders"
	captures = "/v2/payments/captures/"
	refunds  = "/v2/payments/refunds/"
)

// order is an order at PayPal: the payment of an attempt.
type order struct {
	ID            string         `json:"id"`
	Status        string         `json:"status"`
	Intent        string         `json:"intent"`
	PurchaseUnits []purchaseUnit `json:"purchase_units"`
	Links         []link         `json:"links"`
}

// purchaseUnit is what an order is for. Ours have one.
type purchaseUnit struct {
	CustomID string   `json:"custom_id"`
	Amount   amount   `json:"amount"`
	Payments payments `json:"payments"`
}

type payments struct {
	Captures []capture `json:"captures"`
	Refunds  []refund  `json:"refunds"`
}

// capture is the money that was taken for an order, or is being taken.
type capture struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	Amount        amount `json:"amount"`
	CustomID      string `json:"custom_id"`
	CreateTime    string `json:"create_time"`
	Supplementary struct {
		RelatedIDs struct {
			OrderID string `json:"order_id"`
		} `json:"related_ids"`
	} `json:"supplementary_data"`
}

// refund is a refund of a capture.
type refund struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Amount   amount `json:"amount"`
	CustomID string `json:"custom_id"`
	Links    []link `json:"links"`
}

// unit returns the purchase unit of an order of ours.
func (o order) unit() (purchaseUnit, error) {
	if len(o.PurchaseUnits) != 1 {
		return purchaseUnit{}, fmt.Errorf("paypal: order %.60q has %d purchase units", o.ID, len(o.PurchaseUnits))
	}
	return o.PurchaseUnits[0], nil
}

var errTime = errors.New("paypal: no time")

// timeOf reads a time. Reports write a zone without a colon.
func timeOf(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999-0700"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1998 && t.Year() <= 9999 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: %.60q", errTime, text)
}
