package alipay_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
)

const (
	titles = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户," +
		"订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称," +
		"商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
	head = "#支付宝业务明细查询\r\n#账号：[20880000000000010156]\r\n" +
		"#-----------------------------------------业务明细列表----------------------------------------\r\n"
	tail = "#-----------------------------------------业务明细列表结束------------------------------------\r\n" +
		"#交易合计：1笔，商家实收共12.90元，商家优惠共0.00元\r\n"
)

// row is a line of a statement.
func row(trade, number, kind, done, amount, refund, fee string) string {
	return trade + "\t," + number + "\t," + kind + "\t,北境之光,2026-02-28 10:00:00," + done + ",\t,\t,\t,\t,*明(159****5620)\t," +
		amount + "," + amount + ",0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00," + refund + "\t," + fee + ",0.00,\r\n"
}

// detailed is a file of a statement.
func detailed(rows ...string) string {
	return head + titles + "\r\n" + strings.Join(rows, "") + tail
}

// archive packs files as Alipay does.
func archive(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, file := range files {
		w, err := z.Create(fmt.Sprintf("%d.csv", i))
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := simplifiedchinese.GBK.NewEncoder().String(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, encoded); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// billed returns a client of a gateway whose statement of every day is an answer.
func billed(t *testing.T, answer http.HandlerFunc) *alipay.Alipay {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/bill", answer)
	mux.HandleFunc("/gateway.do", saying(sealed(t, "alipay_data_dataservice_bill_downloadurl_query_response",
		`{"code":"10000","msg":"Success","bill_download_url":"`+server.URL+`/bill?fileId=secret"}`)))
	o := options(t, server.URL+"/gateway.do")
	o.BillHosts = []string{strings.TrimPrefix(server.URL, "http://")}
	return client(t, o)
}

var yesterday = noon.AddDate(0, 0, -1)

// read reads a statement.
func read(ctx context.Context, p payment.Provider, at time.Time) (list []payment.StatementLine, err error) {
	for l, e := range p.Statement(ctx, at) {
		if e != nil {
			return list, e
		}
		list = append(list, l)
	}
	return list, nil
}

func TestAlipay_Statement_lines(t *testing.T) {
	t.Parallel()
	done := "2026-02-28 23:59:59"
	at := time.Date(2026, 2, 28, 15, 59, 59, 0, time.UTC)
	cny := func(fen int64) money.Money { return money.Of(fen, "CNY") }
	for name, c := range map[string]struct {
		row  string
		want payment.StatementLine
	}{
		"payment": {
			row("20260228", "mall_"+attempt, "交易", done, "12.90", "", "-0.08"),
			payment.StatementLine{
				Kind: payment.StatementPayment, AttemptNo: attempt, ChannelTxnNo: "20260228", Amount: cny(1290), Fee: cny(8),
			},
		},
		"payment without a minus at its fee": {
			row("20260228", "mall_"+attempt, "交易", done, "12.90", "", "0.08"),
			payment.StatementLine{
				Kind: payment.StatementPayment, AttemptNo: attempt, ChannelTxnNo: "20260228", Amount: cny(1290), Fee: cny(8),
			},
		},
		"refund": {
			row("20260228", "mall_"+attempt, "退款", done, "-3.00", "R1", "0.02"),
			payment.StatementLine{
				Kind: payment.StatementRefund, AttemptNo: attempt, ChannelTxnNo: "20260228", RefundNo: "R1",
				Amount: cny(300), Fee: cny(-2),
			},
		},
		"refund without a minus": {
			row("20260228", "mall_"+attempt, "退款", done, "3.00", "R1", "0.00"),
			payment.StatementLine{
				Kind: payment.StatementRefund, AttemptNo: attempt, ChannelTxnNo: "20260228", RefundNo: "R1",
				Amount: cny(300), Fee: cny(0),
			},
		},
		"another shop's": {
			row("20260228", "till-17", "交易", done, "18.00", "", "-0.11"),
			payment.StatementLine{
				Kind: payment.StatementPayment, ChannelTxnNo: "20260228", Amount: cny(1800), Fee: cny(11), Foreign: true,
			},
		},
		"something that left": {
			row("20260228", "", "转账", done, "-5.00", "", "0.00"),
			payment.StatementLine{
				Kind: payment.StatementDebit, ChannelTxnNo: "20260228", Amount: cny(500), Fee: cny(0), Foreign: true,
			},
		},
		"something that came": {
			row("20260228", "", "红包", done, "5.00", "", "0.00"),
			payment.StatementLine{
				Kind: payment.StatementCredit, ChannelTxnNo: "20260228", Amount: cny(500), Fee: cny(0), Foreign: true,
			},
		},
	} {
		zipped := archive(t, detailed(c.row))
		list, err := read(t.Context(), billed(t, saying(string(zipped))), yesterday)
		if err != nil || len(list) != 1 || !list[0].At.Equal(at) {
			t.Errorf("%s: %+v, %v", name, list, err)
			continue
		}
		if list[0].At = (time.Time{}); list[0] != c.want {
			t.Errorf("%s: %+v, want %+v", name, list[0], c.want)
		}
	}
}

// Columns are found by their titles, in whatever order, with other units and with others between them.
func TestAlipay_Statement_columns(t *testing.T) {
	t.Parallel()
	file := "服务费(元),备注,完成时间,退款批次号/请求号,订单金额,业务类型,新列,商户订单号,支付宝交易号\r\n" +
		"`-0.08,\"a,b\",2026-02-28 10:00:00,,12.90,交易,x,mall_" + attempt + ",1\r\n\r\n" + tail + "合计,1\r\n"
	sums := "#支付宝业务汇总查询\r\n门店编号,门店名称,交易订单总笔数\r\n合计\t,\t,1\r\n#业务汇总列表结束\r\n"
	list, err := read(t.Context(), billed(t, saying(string(archive(t, sums, file, detailed())))), yesterday)
	if err != nil || len(list) != 1 || list[0].Fee.Amount != 8 || list[0].AttemptNo != attempt {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAlipay_Statement_broken(t *testing.T) {
	t.Parallel()
	good := row("1", "mall_"+attempt, "交易", "2026-02-28 10:00:00", "12.90", "", "-0.08")
	changed := func(old, with string) []byte { return archive(t, detailed(strings.Replace(good, old, with, 1))) }
	for name, body := range map[string][]byte{
		"no archive":            []byte("账单不存在"),
		"nothing":               nil,
		"an empty archive":      archive(t),
		"sums alone":            archive(t, "#支付宝业务汇总查询\r\n门店编号,门店名称\r\n合计,1\r\n"),
		"a cut archive":         archive(t, detailed(good))[:200],
		"a list that ends":      archive(t, head+titles+"\r\n"+good),
		"a cell too many":       changed("北境之光", "北境,之光"),
		"no amount":             changed("12.90", ""),
		"an odd amount":         changed("12.90", "12.9O"),
		"a huge amount":         changed("12.90", "99999999999.00"),
		"a negative payment":    changed("12.90", "-12.90"),
		"two minuses":           changed("-0.08", "--0.08"),
		"no fee":                changed("-0.08", ""),
		"an odd time":           changed("2026-02-28 10:00:00,\t", "28.2.2026,\t"),
		"a column less":         archive(t, strings.Replace(detailed(good), "服务费（元）", "手续费（元）", 1)),
		"no column of refunds":  archive(t, strings.Replace(detailed(good), "退款批次号/请求号", "批次号", 1)),
		"an endless line":       changed("北境之光", strings.Repeat("a", 64<<10)),
		"a broken second file":  archive(t, detailed(good), head+titles+"\r\n"+good),
		"a quote that is open":  changed("北境之光", "\"北境之光"),
		"a damaged compression": damaged(archive(t, detailed(good))),
	} {
		list, err := read(t.Context(), billed(t, saying(string(body))), yesterday)
		if err == nil {
			t.Errorf("%s: %+v", name, list)
			continue
		}
		wantErr(t, err, nil)
	}
}

// damaged changes a byte in the middle of the first file of an archive.
func damaged(archive []byte) []byte {
	archive[120] ^= 0xff
	return archive
}

func TestAlipay_Statement_download_fails(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"expired": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "expired", http.StatusForbidden) },
		"an error with a statement": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(archive(t, detailed()))
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/bill?again", http.StatusFound)
		},
		"a hung up call": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		_, err := read(t.Context(), billed(t, answer), yesterday)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		wantErr(t, err, nil)
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v tells the address", name, err)
		}
	}
}

// A statement is downloaded from a configured host, and over TLS if the gateway is.
func TestAlipay_Statement_address(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"http://dwbillcenter.alipay.com/bill?a=1":       "https://dwbillcenter.alipay.com/bill?a=1",
		"https://dwbillcenter.alipay.com/bill":          "https://dwbillcenter.alipay.com/bill",
		"https://dwbillcenter.alipay.com.example/bill":  "",
		"https://dwbillcenter.alipay.com:8443/bill":     "",
		"https://dwbillcenter.alipay.com@evil.example/": "",
		"https://a@dwbillcenter.alipay.com/":            "",
		"https://127.0.0.1/bill":                        "",
		"file:///etc/passwd":                            "",
		"ftp://dwbillcenter.alipay.com/bill":            "",
		"//dwbillcenter.alipay.com/bill":                "",
		"":                                              "",
		"http://[":                                      "",
	} {
		asked := ""
		o := options(t, "https://openapi.alipay.com/gateway.do")
		o.BillHosts = []string{"dwbillcenter.alipay.com"}
		answer := sealed(t, "alipay_data_dataservice_bill_downloadurl_query_response",
			`{"code":"10000","msg":"Success","bill_download_url":"`+address+`"}`)
		o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) *http.Response {
			w := httptest.NewRecorder()
			if r.URL.Host == "openapi.alipay.com" {
				_, _ = w.WriteString(answer)
			} else {
				asked = r.URL.String()
				_, _ = w.Write(archive(t, detailed()))
			}
			return w.Result()
		})}
		_, err := read(t.Context(), client(t, o), yesterday)
		if asked != want || (err == nil) != (want != "") {
			t.Errorf("%q: asked %q, %v", address, asked, err)
		}
	}
}

type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// A day of Beijing ends at 16:00 UTC; its statement is there from 10:00 of the next, 02:00 UTC.
func TestAlipay_Statement_time(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	p := s.Provider()
	paid(t, s, alipay.MethodPage)
	first := time.Date(2026, 3, 1, 15, 59, 59, 0, time.UTC)
	s.Advance(time.Date(2026, 3, 2, 1, 59, 59, 0, time.UTC).Sub(noon))
	s.Requests()
	_, err := read(t.Context(), p, first)
	wantErr(t, err, payment.ErrNoStatement)
	if asked := s.Requests(); len(asked) != 0 {
		t.Error("the gateway was asked too early")
	}
	s.Advance(time.Second)
	for _, at := range []time.Time{first, noon, time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC)} {
		if list, err := read(t.Context(), p, at); err != nil || len(list) != 1 || list[0].AttemptNo != attempt {
			t.Errorf("%s: %+v, %v", at, list, err)
		}
	}
	if date := s.Requests()[0].Get("biz_content"); date != `{"bill_type":"trade","bill_date":"2026-03-01"}` {
		t.Errorf("asked for %s", date)
	}
	// The day before had no sales. Of the day after, too, nothing is known at 10:00, and at noon that there is nothing.
	if list, err := read(t.Context(), p, noon.AddDate(0, 0, -1)); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	s.Advance(24 * time.Hour)
	_, err = read(t.Context(), p, noon.AddDate(0, 0, 1))
	wantErr(t, err, payment.ErrNoStatement)
	s.Advance(2 * time.Hour)
	if list, err := read(t.Context(), p, noon.AddDate(0, 0, 1)); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// A statement lists other shops' sales as theirs, and whatever was refunded by hand.
func TestAlipay_Statement_of_the_stand_in(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{Certificates: true})
	if err := s.Foreign(); err != nil {
		t.Fatal(err)
	}
	paid(t, s, alipay.MethodQR)
	if err := s.RefundAtBank(attempt, money.Of(290, "CNY")); err != nil {
		t.Fatal(err)
	}
	s.Advance(24 * time.Hour)
	list, err := read(t.Context(), s.Provider(), noon)
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	if !list[0].Foreign || list[1].Foreign || list[2].Kind != payment.StatementRefund || list[2].RefundNo == "" ||
		list[2].Amount.Amount != 290 || list[1].Fee.Amount != 8 || list[2].Fee.Amount != -2 {
		t.Errorf("%+v", list)
	}
}
