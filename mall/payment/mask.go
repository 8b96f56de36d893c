package payment

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Masked stands for what Mask leaves out. It tells nothing of it, not even its length.
const Masked = "•••"

// deepest is how many levels of a body Mask shows.
const deepest = 12

// errNotMasked says that a body is neither JSON nor a form, so that nothing of it can be shown.
var errNotMasked = errors.New("payment: a body of an unknown form")

// shown are the names, in lower case, of what in the bodies of notices is about a payment and not about a person:
// numbers of the parties to the contract, states, sums, times. Whatever has another name is masked, so that a new
// member of a provider's body is hidden until somebody has looked at it. Of a card, its brand and the last four digits
// may be shown, which is what a person is asked for on the telephone.
var shown = func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`
		id event_id eventid type event_type object api_version livemode mode status state created create_time
		outtradeno out_trade_no channeltxnno refundno refundtxnno disputeno occurredat evidencedue
		client_reference_id attempt_no refund_no shop payment_intent charge balance_transaction
		amount amount_total amount_subtotal amount_refunded currency expires_at payment_status reason
		presentment_amount presentment_currency due_by has_evidence past_due submission_count is_charge_refundable
		network_reason_code fraud_type actionable pending_webhooks failure_reason brand last4
		notify_type notify_time trade_status trade_no app_id auth_app_id seller_id total_amount receipt_amount
		invoice_amount point_amount buyer_pay_amount refund_fee send_back_fee gmt_create gmt_payment gmt_refund gmt_close
		out_biz_no sign_type charset version subject passback_params
		resource_type original_type algorithm summary merchant mchid appid trade_state trade_type transaction_id
		out_refund_no refund_id refund_status success_time total payer_total payer_refund refund
		event_version resource_version custom_id invoice_id order_id currency_code value final_capture update_time
		merchant_id dispute_id dispute_state dispute_life_cycle_stage outcome_code seller_response_due_date
	`) {
		m[name] = true
	}
	return m
}()

// Mask returns the body of a notice, laid out for reading, without what names or identifies a person or proves
// anything: names, addresses, telephone numbers, accounts, signatures, tokens and ciphertexts. It shows only values
// whose names it knows; all others are Masked. It invents nothing and keeps the order. Of a body that is neither JSON
// nor a form it shows nothing.
func Mask(body []byte) string {
	text, err := maskJSON(body)
	if err != nil {
		text, err = maskForm(body)
	}
	if err != nil {
		return Masked
	}
	return text
}

func maskJSON(body []byte) (string, error) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return "", errNotMasked
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	first, err := d.Token()
	if err != nil {
		return "", err
	}
	if _, composed := first.(json.Delim); !composed {
		return "", errNotMasked // a single value has no name
	}
	m := masker{in: d}
	if err := m.value(first, "", 0); err != nil {
		return "", err
	}
	return m.out.String(), nil
}

// masker copies JSON, token by token.
type masker struct {
	in  *json.Decoder
	out bytes.Buffer
}

// value writes the value that begins with a token. name is that of the member that it belongs to, also for the
// elements of an array.
func (m *masker) value(first json.Token, name string, depth int) error {
	switch v := first.(type) {
	case json.Delim:
		return m.composed(v, name, depth+1)
	case nil:
		m.out.WriteString("null")
	case bool:
		m.scalar(strconv.FormatBool(v), "", name)
	case json.Number:
		m.scalar(v.String(), "", name)
	case string:
		m.scalar(v, `"`, name)
	}
	return nil
}

// composed writes an object or an array after its opening bracket was read.
func (m *masker) composed(open json.Delim, name string, depth int) error {
	var last json.Delim = '}'
	if open == '[' {
		last = ']'
	}
	hidden := depth > deepest
	kept := m.out.Len()
	m.out.WriteString(open.String())
	for n := 0; m.in.More(); n++ {
		if n > 0 {
			m.out.WriteByte(',')
		}
		m.line(depth)
		member := name
		if open == '{' {
			key, err := m.in.Token()
			if err != nil {
				return err
			}
			member, _ = key.(string)
			m.quote(key)
			m.out.WriteString(": ")
		}
		first, err := m.in.Token()
		if err != nil {
			return err
		}
		if err := m.value(first, member, depth); err != nil {
			return err
		}
		if hidden { // what is too deep is read, and not kept
			m.out.Truncate(kept + 1)
		}
	}
	if _, err := m.in.Token(); err != nil {
		return err
	}
	if hidden {
		m.out.WriteString(Masked)
	} else {
		m.line(depth - 1)
	}
	m.out.WriteString(last.String())
	return nil
}

func (m *masker) line(depth int) {
	m.out.WriteByte('\n')
	for range min(depth, deepest) {
		m.out.WriteString("  ")
	}
}

func (m *masker) quote(v any) {
	e := json.NewEncoder(&m.out)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)                 // a string always fits
	m.out.Truncate(m.out.Len() - 1) // the newline that an encoder ends with
}

func (m *masker) scalar(value, quotes, name string) {
	switch {
	case !harmless(name, value):
		m.out.WriteString(Masked)
	case quotes != "":
		m.quote(value)
	default:
		m.out.WriteString(value)
	}
}

// longest is how long a value may be that is shown, in bytes: longer ones are no numbers and no states.
const longest = 200

// harmless reports whether a value may be shown. An address is never, whatever its name.
func harmless(name, value string) bool {
	return value == "" || shown[strings.ToLower(name)] && len(value) <= longest && !strings.Contains(value, "@")
}

// maskForm writes the fields of a form, a line each.
func maskForm(body []byte) (string, error) {
	if len(body) == 0 || !bytes.ContainsRune(body, '=') {
		return "", errNotMasked
	}
	var out strings.Builder
	for pair := range strings.SplitSeq(string(body), "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil || !isName(name) {
			return "", errNotMasked
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil || !utf8.ValidString(value) || strings.ContainsAny(value, "\r\n") {
			return "", errNotMasked
		}
		if !harmless(name, value) {
			value = Masked
		}
		out.WriteString(name + " = " + value + "\n")
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// isName reports whether s is the name of a field as providers write them.
func isName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789_.-") == ""
}
