package wechatpay_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// noon moves the clock to noon of the next day in Beijing, when the bill of today is there.
func (c *counter) noon() {
	y, m, d := c.Now().In(wechatpaytest.Beijing).Date()
	c.Advance(time.Date(y, m, d+1, 12, 0, 0, 0, wechatpaytest.Beijing).Sub(c.Now()))
}

func TestWeChatPay_Statement_lines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) { o.TempDir = dir }})
	day := c.Now()
	r := c.request(wechatpay.MethodNative)
	r.Subject = "`Heat, \"dust\" & rain`,`SUCCESS" // it must not look like cells
	if _, err := c.pay.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := c.Pay(r.AttemptNo, paymenttest.Payment{}); err != nil {
		t.Fatal(err)
	}
	ref := payment.ChargeRef{CreateRequest: r}
	charge, err := c.pay.Query(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	c.opened() // never paid
	refunds := map[string]string{}
	for _, end := range []string{"succeeded", "failed", "processing", "abnormal"} {
		c.Advance(time.Second)
		refund := c.refundOf(ref, charge, 200)
		if _, err := c.pay.Refund(t.Context(), refund); err != nil {
			t.Fatal(err)
		}
		switch end {
		case "succeeded", "failed":
			err = c.FinishRefund(refund.RefundNo, end == "succeeded")
		case "abnormal":
			err = c.StrandRefund(refund.RefundNo)
		}
		if err != nil {
			t.Fatal(err)
		}
		refunds[refund.RefundNo] = end
	}
	if err := c.Foreign(); err != nil {
		t.Fatal(err)
	}
	c.noon()
	lines, err := c.lines(day)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, l := range lines {
		switch {
		case l.Foreign:
			seen["foreign"] = l.Amount == money.Of(1900, "CNY") && l.Kind == payment.StatementPayment
		case l.Kind == payment.StatementPayment:
			seen["payment"] = l.AttemptNo == ref.AttemptNo && l.ChannelTxnNo == charge.ChannelTxnNo &&
				l.RefundNo == "" && l.Amount == money.Of(1290, "CNY") && l.Fee == money.Of(8, "CNY") &&
				l.At.Equal(charge.PaidAt)
		case l.Kind == payment.StatementRefund:
			seen[refunds[l.RefundNo]] = l.AttemptNo == ref.AttemptNo && l.ChannelTxnNo == charge.ChannelTxnNo &&
				l.Amount == money.Of(200, "CNY") && l.Fee == money.Of(-1, "CNY")
		}
	}
	for _, want := range []string{"foreign", "payment", "succeeded", "processing"} {
		if !seen[want] {
			t.Errorf("the line of %s is missing or wrong", want)
		}
	}
	if len(lines) != 4 {
		t.Errorf("%d lines: %+v", len(lines), lines)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("files are left: %v, %v", files, err)
	}
}

// Days are those of Beijing, and a bill is there from ten in the morning of the next.
func TestWeChatPay_Statement_days(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	midnight := time.Date(2026, time.March, 5, 0, 0, 0, 0, wechatpaytest.Beijing)
	c.Advance(midnight.Add(-time.Second).Sub(c.Now()))
	before, _ := c.paid()
	c.Advance(time.Second)
	after, _ := c.paid()
	for _, r := range []struct {
		now  time.Time
		day  time.Time
		want string
	}{
		{midnight.Add(10*time.Hour - time.Second), midnight.Add(-time.Second), "no bill"},
		{midnight.Add(10 * time.Hour), midnight.Add(-time.Second), before.AttemptNo},
		{midnight.Add(10 * time.Hour), midnight.Add(-24 * time.Hour), before.AttemptNo},
		{midnight.Add(10 * time.Hour), midnight, "no bill"},
		{midnight.Add(34 * time.Hour), midnight.Add(24*time.Hour - 1), after.AttemptNo},
		{midnight.Add(34 * time.Hour), midnight.UTC(), after.AttemptNo},
		// Nothing was traded on the 6th: until noon of the 7th that may be a bill that is late.
		{midnight.Add(60*time.Hour - time.Second), midnight.Add(24 * time.Hour), "no bill"},
		{midnight.Add(60 * time.Hour), midnight.Add(24 * time.Hour), ""},
		{midnight.Add(60 * time.Hour), midnight.Add(48 * time.Hour), "no bill"},
	} {
		c.Advance(r.now.Sub(c.Now()))
		lines, err := c.lines(r.day)
		got := ""
		for _, l := range lines {
			got += l.AttemptNo
		}
		if err != nil {
			got = kind(err)
		}
		if got != r.want {
			t.Errorf("at %s, the day of %s: got %q, want %q: %v", r.now, r.day, got, r.want, err)
		}
	}
}

// Whatever is wrong with a bill, its error comes before any line if the hash tells, and before the end in any case.
func TestWeChatPay_Statement_bad_bill(t *testing.T) {
	t.Parallel()
	replace := func(from, to string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, from) {
				t.Errorf("%q is not in the bill", from)
			}
			return strings.Replace(s, from, to, 1)
		}
	}
	for name, edit := range map[string]func(string) string{
		"no summary": func(s string) string { return s[:strings.Index(s, "总交易单数")] },
		"a line less": func(s string) string {
			return strings.Join(slices.Delete(strings.SplitAfter(s, "\r\n"), 1, 2), "")
		},
		"empty":               func(string) string { return "" },
		"another merchant":    replace("`"+wechatpaytest.MerchantID, "`1900000000"),
		"another currency":    replace("`CNY", "`USD"),
		"no time":             replace("`2026-03-04 ", "`2026-03-04T"),
		"an unknown state":    replace("`SUCCESS", "`SETTLING"),
		"a cell more":         replace("`NATIVE", "`NATIVE,`x"),
		"no backtick":         replace("`2026-03-04", "2026-03-04"),
		"a column is missing": replace("商户数据包", "商户的数据包"),
		"a sum below zero":    replace("`12.90,`0.00,`\r", "`-12.90,`0.00,`\r"),
		"a sum in letters":    replace("`12.90,`0.00,`\r", "`1e9,`0.00,`\r"),
		"a huge sum":          replace("`12.90,`0.00,`\r", "`99999999999.00,`0.00,`\r"),
		"a fee in letters":    replace("`0.08000", "`0.08x00"),
		"no transaction":      replace("`4200", "` 200"),
		"a line without end":  func(s string) string { return strings.Repeat("x", 100_000) + s },
	} {
		c := open(t, wechatpaytest.Config{})
		day := c.Now()
		c.paid()
		c.EditBill(edit)
		c.noon()
		if lines, err := c.lines(day); kind(err) != "unknown" {
			t.Errorf("%s: %v, %+v", name, err, lines)
		}
	}
	for name, spoil := range map[string]func([]byte) []byte{
		"another file":     func([]byte) []byte { return []byte("no gzip") },
		"cut":              func(b []byte) []byte { return b[:len(b)-9] },
		"nothing":          func([]byte) []byte { return nil },
		"something behind": func(b []byte) []byte { return append(b, b...) },
		"a bit":            func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
	} {
		dir := t.TempDir()
		c := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) { o.TempDir = dir }})
		day := c.Now()
		c.paid()
		c.SpoilDownload(spoil)
		c.noon()
		if lines, err := c.lines(day); kind(err) != "unknown" || len(lines) != 0 {
			t.Errorf("%s: %v, %+v", name, err, lines)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
			t.Errorf("%s: files are left: %v, %v", name, files, err)
		}
	}
}

// Other columns and another order of them are fine, and so is a file that was unzipped on the way.
func TestWeChatPay_Statement_finds_columns_by_name(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	day := c.Now()
	ref, _ := c.paid()
	c.EditBill(func(string) string {
		return "手续费,商户号,新的列,微信订单号,商户订单号,交易状态,货币种类,商户退款单号,申请退款金额,退款状态,商户数据包,订单金额,交易时间\n" +
			"`0.00500,`" + wechatpaytest.MerchantID + "`,`a,b,\"c\",`4200001,`" + ref.AttemptNo +
			",`SUCCESS,`CNY,`0,`0.00,`,`" + wechatpaytest.Mark + ",`12.90,`2026-03-04 13:06:07\n" +
			"总交易单数,应结订单总金额\n`1,`12.90\n"
	})
	c.noon()
	if lines, err := c.lines(day); err == nil {
		t.Errorf("a merchant with a backtick behind it is another: %+v", lines)
	}
	c.EditBill(func(string) string {
		return "手续费,商户号,新的列,微信订单号,商户订单号,交易状态,货币种类,商户退款单号,申请退款金额,退款状态,商户数据包,订单金额,交易时间\n" +
			"`0.00500,`" + wechatpaytest.MerchantID + ",`a,b,\"c\",`4200001,`" + ref.AttemptNo +
			",`SUCCESS,`CNY,`0,`0.00,`,`" + wechatpaytest.Mark + ",`12.90,`2026-03-04 13:06:07\n" +
			"总交易单数,应结订单总金额\n`1,`12.90\n"
	})
	lines, err := c.lines(day)
	if err != nil || len(lines) != 1 || lines[0].Foreign || lines[0].AttemptNo != ref.AttemptNo ||
		lines[0].Fee != money.Of(1, "CNY") || !lines[0].At.Equal(day) {
		t.Errorf("%+v, %v", lines, err)
	}
}

// A signed request goes to no host but WeChat Pay's.
func TestWeChatPay_Statement_host(t *testing.T) {
	t.Parallel()
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		http.NotFound(w, nil)
	}))
	defer other.Close()
	for base, want := range map[string]string{
		other.URL:                             "not among DownloadHosts",
		"http://api.mch.weixin.qq.com":        "download_url",
		"https://tenpay.com.example":          "not among DownloadHosts",
		"https://eviltenpay.com":              "not among DownloadHosts",
		"https://user@bill.tenpay.com":        "download_url",
		"file://":                             "download_url",
		"https://bill.tenpay.com:1":           "not among DownloadHosts",
		"https://bill.tenpay.com#.tenpay.com": "", // allowed, and not reachable here
	} {
		c := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
			o.DownloadHosts = []string{".tenpay.com"}
			o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Hostname() != "127.0.0.1" {
					return nil, fmt.Errorf("no way to %s", r.URL.Host)
				}
				return http.DefaultTransport.RoundTrip(r)
			})}
		}})
		day := c.Now()
		c.paid()
		c.MoveDownloads(base)
		c.noon()
		_, err := c.lines(day)
		if want == "" {
			want = "no way to bill.tenpay.com"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", base, err, want)
		}
	}
	if asked != 0 {
		t.Errorf("another host was asked %d times", asked)
	}
}

// A bill of ten megabytes takes no more memory than a short one.
func TestWeChatPay_Statement_of_any_size(t *testing.T) {
	c := open(t, wechatpaytest.Config{})
	day := c.Now()
	c.paid()
	const trades = 30_000
	c.EditBill(func(s string) string {
		parts := strings.SplitAfter(s, "\r\n")
		return parts[0] + strings.Repeat(parts[1], trades) + parts[2] +
			strings.Replace(parts[3], "`1,", fmt.Sprintf("`%d,", trades), 1)
	})
	c.noon()
	var before, now runtime.MemStats
	n, most := 0, uint64(0)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, err := range c.pay.Statement(t.Context(), day) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%10_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
		}
	}
	if n != trades || most > 4<<20 {
		t.Errorf("%d trades took %d bytes", n, most)
	}
	n = 0
	for range c.pay.Statement(t.Context(), day) { // whoever has seen enough may stop
		if n++; n == 3 {
			break
		}
	}
}

func TestWeChatPay_Statement_sums(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int64{
		"0":          0,
		"0.00":       0,
		"12.90":      1290,
		"12.9":       1290,
		"-0.06000":   -6,
		"0.00499":    0,
		"0.00500":    1,
		"-0.00500":   -1,
		"0.99500":    100,
		"7.79000":    779,
		"1234567.89": 123456789,
	} {
		if got, err := wechatpay.Yuan(s); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", "-", ".", "--1", "1.2.3", "1,5", "1,500.00", "+1", "1e3", " 1", "1.00x", "1.00-1", "0x1", "99999999999",
	} {
		if got, err := wechatpay.Yuan(s); err == nil {
			t.Errorf("%q: %d", s, got)
		}
	}
}
