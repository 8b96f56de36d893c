package wechatpay_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// node finds Node and the plugin. Without them it skips the test, or fails it if E2E=required is set.
func node(t *testing.T) string {
	t.Helper()
	const plugin = "../../../node_modules/wechatpay-axios-plugin"
	path, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(plugin)
	}
	if err == nil {
		return path
	}
	const missing = "no Node 20 or no node_modules: install Node and run npm ci"
	if os.Getenv("E2E") == "required" {
		t.Fatalf("%s: %v", missing, err)
	}
	t.Skipf("SKIPPED: %s: %v", missing, err)
	return ""
}

type sent struct {
	Method        string `json:"method"`
	URI           string `json:"uri"`
	Authorization string `json:"authorization"`
	Body          string `json:"body"`
}

type told struct {
	Serial    string `json:"serial"`
	Timestamp string `json:"timestamp"`
	Nonce     string `json:"nonce"`
	Signature string `json:"signature"`
	Body      string `json:"body"`
}

// TestNode lets wechatpay-axios-plugin verify what our client signs, decrypt what the stand-in sends, order, query and
// close at the stand-in, and read its bill.
func TestNode_wechatpay_axios_plugin(t *testing.T) {
	program := node(t)
	bank := wechatpaytest.New(t, wechatpaytest.Config{Now: time.Now})
	client := bank.Client()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// Our client does everything once, the day before, so that there is a bill.
	bank.Advance(-48 * time.Hour)
	yesterday := bank.Now()
	request := payment.CreateRequest{
		AttemptNo: "01HATTEMPT0000000000000001",
		Method:    wechatpay.MethodNative,
		Subject:   "Heat, \"dust\" & rain: 北境之光",
		ReturnURL: "https://mall.example/orders/1",
		Amount:    money.Of(1290, "CNY"),
		ExpiresAt: bank.Now().Add(15 * time.Minute),
		PayerID:   "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
	}
	_, err := client.Create(t.Context(), request)
	must(err)
	must(bank.Pay(request.AttemptNo, paymenttest.Payment{}))
	charge, err := client.Query(t.Context(), payment.ChargeRef{CreateRequest: request})
	must(err)
	refund := payment.RefundRef{
		RefundNo:     "01HREFUND00000000000000001",
		Charge:       payment.ChargeRef{CreateRequest: request},
		ChannelTxnNo: charge.ChannelTxnNo,
		Captured:     charge.Amount,
		Amount:       money.Of(290, "CNY"),
	}
	_, err = client.Refund(t.Context(), payment.RefundRequest{RefundRef: refund, Reason: "改变主意"})
	must(err)
	must(bank.FinishRefund(refund.RefundNo, true))
	request.AttemptNo, request.Method = "01HATTEMPT0000000000000002", wechatpay.MethodJSAPI
	bridge, err := client.Create(t.Context(), request)
	must(err)
	must(client.Close(t.Context(), payment.ChargeRef{CreateRequest: request}))
	bank.Advance(48 * time.Hour)

	keys := bank.Keys()
	public, err := x509.MarshalPKIXPublicKey(keys.PublicKeys[0].Key)
	must(err)
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	input := map[string]any{
		"base":        bank.URL(),
		"app":         wechatpaytest.AppID,
		"merchant":    wechatpaytest.MerchantID,
		"serial":      keys.MerchantSerial,
		"merchantKey": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(keys.MerchantKey)),
		"platform":    map[string]string{keys.PublicKeys[0].ID: block("PUBLIC KEY", public)},
		"apiV3":       wechatpaytest.APIv3,
		"billDate":    yesterday.In(wechatpaytest.Beijing).Format(time.DateOnly),
		"bridge":      bridge.Action.Fields,
	}
	var requests []sent
	for _, r := range bank.Requests() {
		requests = append(requests, sent{r.Method, r.URI, r.Header.Get("Authorization"), r.Body})
	}
	var notices []told
	for _, n := range bank.Notices() {
		notices = append(notices, told{
			Serial:    n.Header.Get("Wechatpay-Serial"),
			Timestamp: n.Header.Get("Wechatpay-Timestamp"),
			Nonce:     n.Header.Get("Wechatpay-Nonce"),
			Signature: n.Header.Get("Wechatpay-Signature"),
			Body:      string(n.Body),
		})
	}
	input["requests"], input["notices"] = requests, notices
	raw, err := json.Marshal(input)
	must(err)
	command := exec.CommandContext(t.Context(), program, "oracle.mjs")
	command.Stdin = bytes.NewReader(raw)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	answer, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	check(t, answer, len(requests), charge.ChannelTxnNo)
}

// check compares what the plugin says.
func check(t *testing.T, answer []byte, requests int, transaction string) {
	t.Helper()
	var out struct {
		Verified []bool
		Bridge   bool
		Notices  []struct {
			Good    bool
			Event   string
			Content map[string]any
		}
		Code, State, Again string
		Closed             int
		Hashed             bool
		Bill               struct {
			Rows    []map[string]string
			Summary map[string]string
		}
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		t.Fatalf("%v\n%s", err, answer)
	}
	if len(out.Verified) != requests || requests < 5 {
		t.Errorf("%d of %d requests were verified", len(out.Verified), requests)
	}
	for i, good := range out.Verified {
		if !good {
			t.Errorf("request %d is not signed well", i)
		}
	}
	if !out.Bridge {
		t.Error("the arguments of the bridge are not signed well")
	}
	if len(out.Notices) != 2 || !out.Notices[0].Good || !out.Notices[1].Good ||
		out.Notices[0].Content["transaction_id"] != transaction || out.Notices[1].Event != "REFUND.SUCCESS" {
		t.Errorf("notices %+v", out.Notices)
	}
	if out.Code == "" || out.State != "NOTPAY" || out.Closed != 204 || out.Again != "ORDER_CLOSED" {
		t.Errorf("an order: %s", answer)
	}
	b := out.Bill
	if !out.Hashed || len(b.Rows) != 2 || b.Summary["总交易单数"] != "2" {
		t.Fatalf("bill %+v", b)
	}
	for _, row := range b.Rows {
		if row["微信订单号"] != transaction || row["商品名称"] != "Heat, \"dust\" & rain: 北境之光" ||
			row["商户数据包"] != wechatpaytest.Mark {
			t.Errorf("row %v", row)
		}
	}
}
