package wechatpaytest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"time"
)

// bill is a file that can be downloaded for a while.
type bill struct {
	content []byte
	until   time.Time
}

const (
	billHeader = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类," +
		"应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率," +
		"订单金额,申请退款金额,费率备注\r\n"
	billSummary = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n"
)

// tradeBill makes the bill of a day and answers where it can be downloaded.
func (b *Bank) tradeBill(c call) (any, error) {
	day, err := time.ParseInLocation(time.DateOnly, c.query.Get("bill_date"), Beijing)
	kind, zip := c.query.Get("bill_type"), c.query.Get("tar_type")
	now := b.now().In(Beijing)
	switch {
	case err != nil || kind != "" && kind != "ALL" || zip != "" && zip != "GZIP":
		return nil, invalid("bill_date")
	case day.Before(now.AddDate(0, -3, 0)) || !day.Before(now.Add(-24*time.Hour)):
		return nil, refuse(http.StatusBadRequest, "INVALID_REQUEST", "日期不合法")
	case now.Before(day.AddDate(0, 0, 1).Add(10 * time.Hour)):
		return nil, refuse(http.StatusBadRequest, "STATEMENT_CREATING", "账单生成中")
	}
	content := b.billOf(day)
	if content == "" {
		return nil, refuse(http.StatusBadRequest, "NO_STATEMENT_EXIST", "账单文件不存在")
	}
	if b.editBill != nil {
		content = b.editBill(content)
	}
	sum := sha1.Sum([]byte(content))
	file := []byte(content)
	if zip == "GZIP" {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, _ = w.Write(file) // a buffer takes everything
		_ = w.Close()
		file = zipped.Bytes()
	}
	if b.spoil != nil {
		file = b.spoil(file)
	}
	token := text(40)
	b.bills[token] = bill{file, b.now().Add(5 * time.Minute)}
	host := b.server.URL
	if b.billHost != "" {
		host = b.billHost
	}
	return map[string]string{
		"hash_type":    "SHA1",
		"hash_value":   hex.EncodeToString(sum[:]),
		"download_url": host + "/v3/billdownload/file?token=" + token,
	}, nil
}

func (b *Bank) download(c call) (any, error) {
	file, ok := b.bills[c.query.Get("token")]
	if !ok || b.now().After(file.until) {
		return nil, refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "文件不存在或已过期")
	}
	return raw(file.content), nil
}

// billOf writes the bill of a day, or nothing if nothing was traded.
func (b *Bank) billOf(day time.Time) string {
	within := func(t time.Time) bool { return !t.Before(day) && t.Before(day.AddDate(0, 0, 1)) }
	type row struct {
		at   time.Time
		text string
	}
	var rows []row
	var taken, back, fees int64
	for _, o := range b.orders {
		if o.transactionID != "" && within(o.paidAt) {
			taken, fees = taken+o.taken, fees+fee(o.taken)
			rows = append(rows, row{o.paidAt, o.billRow(o.paidAt, nil, fee(o.taken))})
		}
	}
	for _, r := range b.refunds {
		if within(r.at) {
			back, fees = back+r.amount, fees-fee(r.amount)
			rows = append(rows, row{r.at, r.of.billRow(r.at, r, -fee(r.amount))})
		}
	}
	if len(rows) == 0 {
		return ""
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].at.After(rows[j].at) }) // the newest first, as at WeChat Pay
	var s strings.Builder
	s.WriteString("\ufeff" + billHeader)
	for _, r := range rows {
		s.WriteString(r.text)
	}
	s.WriteString(billSummary)
	s.WriteString(cells(fmt.Sprint(len(rows)), yuan(taken), yuan(back), "0.00", yuan(fees)+"000", yuan(taken),
		yuan(back)))
	return s.String()
}

// fee is 0.6 percent, rounded to the fen.
func fee(amount int64) int64 { return (amount*6 + 500) / 1000 }

// billRow is a line of the bill: of a payment, or of a refund of it.
func (o *order) billRow(at time.Time, r *refund, fee int64) string {
	d := o.described()
	payer, _ := d["payer"].(map[string]any)
	state, refundID, refundNo, given, kind, status := success, "0", "0", int64(0), "", ""
	paid := yuan(o.taken)
	if r != nil {
		state, refundID, refundNo, given, kind = refunded, r.id, r.no, r.amount, "ORIGINAL"
		paid = "0.00"
		status = map[string]string{
			refundSuccess:    "SUCCESS",
			refundProcessing: "PROCESSING",
			refundClosed:     "FAIL",
			refundAbnormal:   "FAIL",
		}[r.status]
	}
	return cells(at.In(Beijing).Format(time.DateTime), AppID, MerchantID, "0", "", o.transactionID,
		*o.asked.OutTradeNo, fmt.Sprint(payer["openid"]), o.tradeType, state, "OTHERS", "CNY", paid, "0.00",
		refundID, refundNo, yuan(given), "0.00", kind, status, *o.asked.Description, fmt.Sprint(d["attach"]),
		yuan(fee)+"000", "0.60%", yuan(o.taken), yuan(given), "")
}

// cells writes one line. Nothing is quoted.
func cells(values ...string) string { return "`" + strings.Join(values, ",`") + "\r\n" }

// yuan writes fen with two decimals.
func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}

// EditBill changes bills before they are hashed.
func (b *Bank) EditBill(edit func(string) string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.editBill = edit
}

// SpoilDownload changes the zipped files after their content was hashed.
func (b *Bank) SpoilDownload(spoil func([]byte) []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spoil = spoil
}

// MoveDownloads makes bills be offered below another base URL.
func (b *Bank) MoveDownloads(base string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.billHost = base
}
