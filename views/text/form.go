package text

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"videomall/mall/calendar"
	"videomall/mall/money"
)

// form is how one language writes what is not a word. Its zone is that of readers whose own is not known, see
// Printer.In, and is named wherever a time of day is shown: Beijing's in Chinese, UTC in English.
type form struct {
	tag      language.Tag
	zone     *time.Location
	zoneName string // as the tz database has it
	date     string
	clock    string // between the date and the time of day
	named    string // after the time of day, where it is that of zone
}

var forms = map[Lang]form{
	En: {
		tag:      language.AmericanEnglish,
		zone:     time.UTC,
		zoneName: "UTC",
		date:     "Jan 2, 2006",
		clock:    ", 15:04",
		named:    " UTC",
	},
	ZhCN: {
		tag:      language.SimplifiedChinese,
		zone:     time.FixedZone("CST", 8*3600),
		zoneName: "Asia/Shanghai",
		date:     "2006年1月2日",
		clock:    " 15:04",
		named:    "（北京时间）",
	},
}

// Number writes a count with the thousands set apart: 12,345.
func (p *Printer) Number(n int) string { return group(strconv.Itoa(n)) }

// Money writes a sum as its reader does: ¥9.90 for CNY in Chinese, CN¥9.90 in English. Both languages group in
// thousands and use a decimal point, so only the symbol comes from CLDR.
func (p *Printer) Money(m money.Money) string {
	sum, negative := strings.CutPrefix(p.Sum(m), "-")
	sum = p.symbol(m.Currency) + sum
	if negative {
		return "-" + sum
	}
	return sum
}

// Currency names a currency by its code and its name: USD · US dollar. A currency whose name is not known is named by
// its symbol, where it has one.
func (p *Printer) Currency(code string) string {
	name := p.Symbol(code)
	if key := "currency." + code; p.Has(key) {
		name = p.T(key)
	}
	if name == code {
		return code
	}
	return code + " · " + name
}

// Sum writes a sum without its currency: 12,345.60.
func (p *Printer) Sum(m money.Money) string {
	whole, part, _ := strings.Cut(m.Decimal(), ".")
	if part != "" {
		part = "." + part
	}
	return group(whole) + part
}

// Symbol is how prices in a currency are marked: $, CN¥, or its code.
func (p *Printer) Symbol(code string) string { return strings.TrimSuffix(p.symbol(code), "\u00a0") }

func (p *Printer) symbol(code string) string {
	switch { // the common ones, without the formatter
	case code == "CNY" && p.Lang == ZhCN:
		return "¥"
	case code == "CNY":
		return "CN¥"
	case code == "USD" && p.Lang == En:
		return "$"
	}
	unit, err := currency.ParseISO(code)
	if err != nil {
		return code + "\u00a0"
	}
	symbol := message.NewPrinter(p.form.tag).Sprint(currency.Symbol(unit))
	if symbol == code {
		symbol += "\u00a0"
	}
	return symbol
}

func group(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Percent writes a whole percentage, for a price that fell: 25%.
func (p *Printer) Percent(n int) string { return strconv.Itoa(n) + "%" }

// Bytes writes a size in decimal units with one digit: 1.4 GB.
func (p *Printer) Bytes(n int64) string {
	const kilo = 1000
	if n < kilo {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, unit := float64(n), -1
	for value >= kilo && unit < 4 {
		value /= kilo
		unit++
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + []string{"kB", "MB", "GB", "TB", "PB"}[unit]
}

// BasisPoints writes hundredths of a percent: 15%, 12.5%.
func (p *Printer) BasisPoints(n int) string {
	return strconv.FormatFloat(float64(n)/100, 'f', -1, 64) + "%"
}

// Date writes a day: Nov 22, 2025 or 2025年11月22日.
func (p *Printer) Date(t time.Time) string { return t.In(p.Here()).Format(p.form.date) }

// DateTime writes a moment to the minute: in the reader's own zone where it is known, else in the language's, which it
// names.
func (p *Printer) DateTime(t time.Time) string {
	if p.own == nil {
		return t.In(p.form.zone).Format(p.form.date+p.form.clock) + p.form.named
	}
	return t.In(p.own.Location()).Format(p.form.date + p.form.clock)
}

// In is the same printer for a reader in that zone, by its name in the tz database. A name that there is not changes
// nothing.
func (p *Printer) In(zone string) *Printer {
	own, ok := calendar.Find(zone)
	if !ok {
		return p
	}
	there := *p
	there.own = &own
	return &there
}

// Here is the zone in which times are written.
func (p *Printer) Here() *time.Location {
	if p.own == nil {
		return p.form.zone
	}
	return p.own.Location()
}

// HereName is Here as the tz database calls it.
func (p *Printer) HereName() string {
	if p.own == nil {
		return p.form.zoneName
	}
	return p.own.Name()
}

// Zone is the zone of moments that are typed in, which forms name. It is the language's and not the reader's own: a
// form may be sent after the reader's zone became known, or from another one, and a moment must not move by that.
func (p *Printer) Zone() *time.Location { return p.form.zone }

// Relative writes how long ago t was, or how far ahead it lies: 3 minutes ago, in 2 days. Beyond 30 days it is the
// date.
func (p *Printer) Relative(t, now time.Time) string {
	d := t.Sub(now)
	direction := "in"
	if d <= 0 {
		direction, d = "ago", -d
	}
	switch {
	case d < 45*time.Second:
		return p.T("time.now")
	case d < 45*time.Minute:
		return p.N("time.minutes_"+direction, int(d.Round(time.Minute)/time.Minute))
	case d < 22*time.Hour:
		return p.N("time.hours_"+direction, int(d.Round(time.Hour)/time.Hour))
	case d < 30*24*time.Hour:
		return p.N("time.days_"+direction, int((d+12*time.Hour)/(24*time.Hour)))
	}
	return p.Date(t)
}

// Duration writes seconds as a clock: 4:05, 1:02:03. Negative counts as none.
func (p *Printer) Duration(seconds int) string {
	seconds = max(seconds, 0)
	two := func(n int) string { return string([]byte{'0' + byte(n/10), '0' + byte(n%10)}) }
	h, m, s := seconds/3600, seconds/60%60, seconds%60
	if h > 0 {
		return strconv.Itoa(h) + ":" + two(m) + ":" + two(s)
	}
	return strconv.Itoa(m) + ":" + two(s)
}

// DurationSpoken writes seconds as a person says them: 1 hour 2 minutes 3 seconds.
func (p *Printer) DurationSpoken(seconds int) string {
	seconds = max(seconds, 0)
	var parts []string
	if h := seconds / 3600; h > 0 {
		parts = append(parts, p.N("time.hours", h))
	}
	if m := seconds / 60 % 60; m > 0 {
		parts = append(parts, p.N("time.minutes", m))
	}
	if s := seconds % 60; s > 0 || len(parts) == 0 {
		parts = append(parts, p.N("time.seconds", s))
	}
	return strings.Join(parts, p.T("time.joiner"))
}

// SKU says what is bought of a video: to rent, for hours from the first play, or to own.
func (p *Printer) SKU(kind, quality string, hours int) string {
	if kind == "rent" {
		return p.T("sku.rent", "Quality", quality, "Hours", p.Number(hours))
	}
	return p.T("sku.own", "Quality", quality)
}
