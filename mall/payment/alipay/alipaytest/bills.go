package alipaytest

import (
	"archive/zip"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// billLink is the address of a statement, which is good for 30 s.
type billLink struct {
	day     time.Time
	expires time.Time
}

// fee is what Alipay keeps of a payment: 0.6 percent.
func fee(total int64) int64 { return (total*6 + 500) / 1000 }

// billURL answers with the address of a day's statement.
func (s *Server) billURL(f map[string]string) object {
	day, err := time.ParseInLocation(time.DateOnly, f["bill_date"], beijing)
	if err != nil || f["bill_type"] != "trade" || !s.now().After(day.AddDate(0, 0, 1)) {
		return refuse("40004", "invalid_arguments", "bill_type or bill_date")
	}
	if s.now().Before(day.AddDate(0, 0, 1).Add(10*time.Hour)) || s.rows(day) == nil {
		return refuse("40004", "isp.bill_not_exist", "账单不存在")
	}
	t := token()
	s.bills[t] = billLink{day: day, expires: s.now().Add(30 * time.Second)}
	return object{
		"code": "10000", "msg": "Success",
		"bill_download_url": s.http.URL + "/bill?bizType=trade&fileType=csv.zip&fileId=" + t,
	}
}

// rows lists the movements of a day, as the detailed file does.
func (s *Server) rows(day time.Time) []string {
	within := func(t time.Time) bool { return !t.Before(day) && t.Before(day.AddDate(0, 0, 1)) }
	var rows []string
	row := func(t *trade, kind string, at time.Time, amount int64, requestNo string, fee int64) {
		rows = append(rows, strings.Join([]string{
			t.tradeNo + "\t", t.outTradeNo + "\t", kind + "\t", strings.ReplaceAll(t.subject, ",", "，"),
			t.created.In(beijing).Format(timeLayout), at.In(beijing).Format(timeLayout),
			"\t", "\t", "\t", "\t", "*小明(159****5620)\t",
			yuan(amount), yuan(amount), "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00\t", "0.00",
			requestNo + "\t", yuan(fee), "0.00", "",
		}, ","))
	}
	for _, t := range s.opened {
		if !t.paid.IsZero() && within(t.paid) {
			row(t, "交易", t.paid, t.total, "", -fee(t.total))
		}
		for _, r := range t.refunds {
			if within(r.at) {
				row(t, "退款", r.at, -r.amount, r.requestNo, fee(r.amount))
			}
		}
	}
	return rows
}

const (
	billTitles = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户," +
		"订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称," +
		"商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
	sumTitles = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）," +
		"卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
)

// bill sends the archive of a statement: a detailed file, and one with sums.
func (s *Server) bill(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	link, known := s.bills[r.FormValue("fileId")]
	if !known || s.now().After(link.expires) {
		http.Error(w, "expired", http.StatusForbidden)
		return
	}
	rows := s.rows(link.day)
	span := fmt.Sprintf("#起始日期：[%s]   终止日期：[%s]", link.day.Format("2006年01月02日 15:04:05"),
		link.day.AddDate(0, 0, 1).Format("2006年01月02日 15:04:05"))
	details := append([]string{
		"#支付宝业务明细查询", "#账号：[" + SellerID + "0156]", span,
		"#-----------------------------------------业务明细列表----------------------------------------",
		billTitles,
	}, rows...)
	details = append(details,
		"#-----------------------------------------业务明细列表结束------------------------------------",
		fmt.Sprintf("#导出时间：[%s]", s.now().In(beijing).Format("2006年01月02日 15:04:05")))
	sums := []string{
		"#支付宝业务汇总查询", "#账号：[" + SellerID + "0156]", span,
		"#-----------------------------------------业务汇总列表----------------------------------------",
		sumTitles,
		fmt.Sprintf("合计\t,\t,%d,0,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00", len(rows)),
		"#----------------------------------------业务汇总列表结束-------------------------------------",
	}
	name := SellerID + "0156_" + link.day.Format("20060102") + "_业务明细"
	w.Header().Set("Content-Type", "application/octet-stream")
	archive := zip.NewWriter(w)
	for _, file := range []struct {
		name  string
		lines []string
	}{{name + "(汇总).csv", sums}, {name + ".csv", details}} {
		part, err := archive.CreateHeader(&zip.FileHeader{Name: gbk(file.name), Method: zip.Deflate, NonUTF8: true})
		if err != nil {
			return
		}
		_, _ = part.Write([]byte(gbk(strings.Join(file.lines, "\r\n") + "\r\n")))
	}
	_ = archive.Close()
}

// gbk encodes a text as statements are.
func gbk(s string) string {
	encoded, err := simplifiedchinese.GBK.NewEncoder().String(s)
	if err != nil {
		panic(err) // the subjects of tests have characters of GBK
	}
	return encoded
}
