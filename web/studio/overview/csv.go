package overview

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/calendar"
	"videomall/mall/fault"
	"videomall/mall/insight"
	"videomall/mall/money"
	"videomall/web/csvfile"
	"videomall/web/page"
)

// The limits of one file.
const (
	mostRows  = 5000 // videos
	linesPage = 500  // lines of orders read at once
)

var errSheet = fault.New(fault.Invalid, "bad_request", "There is no such file.")

func decimal(amount int64, currency string) string { return money.Of(amount, currency).Decimal() }

// asked is what a file is of.
type asked struct {
	creator, spu int64
	zone         calendar.Zone
	insight.Range
}

// table is a file whose last column names the time zone in each row, so that it survives sorting and copying in a
// spreadsheet.
type table struct {
	*csv.Writer
	zone string
}

func (t table) head(names ...string) error { return t.Write(append(names, "time_zone")) }

func (t table) row(cells ...string) error { return t.Write(append(cells, t.zone)) }

// csv answers with a file of what the page shows: ?what=days|traffic|videos|sources|retention|orders&from&to, and video
// for one. The days are those of the creator's zone, which stands in the file's name and in a column of its own.
func (d Deps) csv(c *page.Ctx) error {
	ctx, creator := c.Request().Context(), c.Viewer.UserID
	zone, err := d.Insight.Zone(ctx, creator)
	if err != nil {
		return err
	}
	r, wrong := readRange(c.QueryParam("from"), c.QueryParam("to"), zone.DayOf(c.Now))
	if len(wrong) > 0 {
		return errSheet.Because("days %v", wrong)
	}
	spu := insight.Whole
	if param := c.QueryParam("video"); param != "" {
		card, err := d.own(ctx, creator, param)
		if err != nil {
			return err
		}
		spu = card.SPUID
	}
	what := c.QueryParam("what")
	write, ok := map[string]func(context.Context, table, asked) error{
		"days": d.daysCSV, "traffic": d.trafficCSV,
		"videos": d.videosCSV, "sources": d.sourcesCSV, "retention": d.retentionCSV, "orders": d.ordersCSV,
	}[what]
	if !ok || what == "retention" && spu == insight.Whole || what == "videos" && spu != insight.Whole {
		return errSheet.Because("what=%q", what)
	}
	res := c.Response()
	name := fmt.Sprintf("%s-%s-%s-%s.csv", what, r.From.Format(time.DateOnly), r.To.Format(time.DateOnly),
		strings.ReplaceAll(zone.Name(), "/", "-"))
	res.Header().Set("Content-Type", csvfile.Type)
	res.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	res.WriteHeader(http.StatusOK)
	w, err := csvfile.New(res)
	if err != nil {
		return nil // the reader has gone
	}
	if err := write(ctx, table{w, zone.Name()}, asked{creator, spu, zone, r}); err != nil {
		// The status is out: an answer that breaks off tells the browser that the file is not whole.
		c.Log().Error("file not written to its end", "what", what, "error", err)
		panic(http.ErrAbortHandler)
	}
	w.Flush()
	return nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func (d Deps) daysCSV(ctx context.Context, s table, a asked) error {
	report, err := d.Insight.Report(ctx, a.creator, a.spu, a.Range)
	if err != nil {
		return err
	}
	if err := s.head("day", "currency", "orders", "units", "revenue", "refunds", "refunded", "net"); err != nil {
		return err
	}
	for _, day := range report.Days {
		for _, sold := range report.Sales {
			v, ok := day.Sales[sold.Currency]
			if !ok {
				continue
			}
			if err := s.row(day.Day.Format(time.DateOnly), sold.Currency, number(v.Orders), number(v.Units),
				decimal(v.Gross, sold.Currency),
				number(v.Refunds), decimal(v.Refunded, sold.Currency), decimal(v.Net(), sold.Currency)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d Deps) trafficCSV(ctx context.Context, s table, a asked) error {
	report, err := d.Insight.Report(ctx, a.creator, a.spu, a.Range)
	if err != nil {
		return err
	}
	if err := s.head("day", "views", "visitors", "viewers", "watch_seconds"); err != nil {
		return err
	}
	for _, day := range report.Days {
		v := day.Traffic
		if err := s.row(day.Day.Format(time.DateOnly), number(v.Views), number(v.Visitors), number(v.Viewers),
			number(v.WatchSeconds)); err != nil {
			return err
		}
	}
	return nil
}

func (d Deps) videosCSV(ctx context.Context, s table, a asked) error {
	sums, err := d.Insight.Videos(ctx, a.creator, a.Range, mostRows)
	if err != nil {
		return err
	}
	rows, err := d.rows(ctx, sums)
	if err != nil {
		return err
	}
	currencies := foreign(sums)
	names := []string{
		"video", "title_en", "title_zh", "currency", "orders", "units", "revenue", "refunds", "refunded", "net",
		"views", "visitors", "viewers", "watch_seconds",
	}
	for _, c := range currencies {
		names = append(names, "revenue_"+c, "refunded_"+c, "net_"+c)
	}
	if err := s.head(names...); err != nil {
		return err
	}
	for _, v := range rows {
		en, zh := "", ""
		if v.Card != nil {
			en, zh = v.Card.Title.En, v.Card.Title.Zh
		}
		of := v.Value.Currency
		cells := []string{
			number(v.SPUID), csvfile.Inert(en), csvfile.Inert(zh), of, number(v.Value.Orders), number(v.Value.Units),
			decimal(v.Value.Gross, of), number(v.Value.Refunds), decimal(v.Value.Refunded, of),
			decimal(v.Value.Net(), of), number(v.Traffic.Views), number(v.Traffic.Visitors), number(v.Traffic.Viewers),
			number(v.Traffic.WatchSeconds),
		}
		for _, c := range currencies {
			sold := v.In(c)
			cells = append(cells, decimal(sold.Gross, c), decimal(sold.Refunded, c), decimal(sold.Net(), c))
		}
		if err := s.row(cells...); err != nil {
			return err
		}
	}
	return nil
}

// foreign returns the currencies in which videos were sold, by code, if it was not only the one of their value.
func foreign(sums []insight.VideoSums) []string {
	seen, other := map[string]bool{}, false
	for _, v := range sums {
		for _, s := range v.Sold {
			seen[s.Currency], other = true, other || s.Currency != v.Value.Currency
		}
	}
	if !other {
		return nil
	}
	return slices.Sorted(maps.Keys(seen))
}

func (d Deps) sourcesCSV(ctx context.Context, s table, a asked) error {
	report, err := d.Insight.Report(ctx, a.creator, a.spu, a.Range)
	if err != nil {
		return err
	}
	list, err := d.Insight.Sources(ctx, a.creator, a.spu, a.Range, report.Orders())
	if err != nil {
		return err
	}
	if err := s.head("source", "views", "orders"); err != nil {
		return err
	}
	for _, v := range list {
		if err := s.row(csvfile.Inert(v.Name), number(v.Views), number(v.Orders)); err != nil {
			return err
		}
	}
	return nil
}

func (d Deps) retentionCSV(ctx context.Context, s table, a asked) error {
	curve, err := d.Insight.Retention(ctx, a.creator, a.spu, a.Range)
	if err != nil {
		return err
	}
	if err := s.head("percent_of_film", "plays_that_showed_it", "plays"); err != nil {
		return err
	}
	for n, plays := range curve.Reached {
		if err := s.row(strconv.Itoa(n), number(plays), number(curve.Plays)); err != nil {
			return err
		}
	}
	return nil
}

func (d Deps) ordersCSV(ctx context.Context, s table, a asked) error {
	if err := s.head("paid_at", "order", "video", "title_en", "title_zh", "kind", "quality", "units", "currency",
		"paid", "refunded"); err != nil {
		return err
	}
	for after := int64(0); ; {
		lines, err := d.Lines(ctx, a.creator, a.spu, a.zone.Start(a.From), a.zone.Start(a.To.AddDate(0, 0, 1)), after,
			linesPage)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := s.row(l.PaidAt.In(a.zone.Location()).Format(time.RFC3339), l.OrderNo, number(l.SPUID),
				csvfile.Inert(l.Title.En), csvfile.Inert(l.Title.Zh), l.Kind, l.Quality,
				strconv.Itoa(l.Quantity), l.Paid.Currency, l.Paid.Decimal(),
				decimal(l.Refunded.Amount, l.Paid.Currency)); err != nil {
				return err
			}
			after = l.ID
		}
		if len(lines) < linesPage {
			return nil
		}
		if s.Flush(); s.Error() != nil {
			return s.Error()
		}
	}
}
