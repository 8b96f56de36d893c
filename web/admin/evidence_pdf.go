package admin

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"videomall/mall/order"
	"videomall/mall/playback"
	"videomall/views/text"
	"videomall/web/typeface"

	adminview "videomall/views/admin"
)

// pack is the evidence for a dispute as it is drawn. It is in English, for the payer's bank, with the Chinese titles of
// videos and times in UTC. It has no address of the buyer's devices.
type pack struct {
	order.Evidence
	plays map[int64]playback.PlayLog // by SPU; since the payment
	buyer string                     // name and email address; empty if the account is gone
	now   time.Time
}

// The page in millimetres, A4 upright.
const (
	pageMargin = 15.0
	rowHigh    = 5.5
	nameWide   = 48.0
)

// pdf draws the evidence: the dispute, the receipt, the policy that was shown, the order's history, what was asked and
// given back, and the play log.
func (p pack) pdf() ([]byte, error) {
	f := fpdf.New("P", "mm", "A4", "")
	f.AddUTF8FontFromBytes("sans", "", typeface.Sans())
	f.SetMargins(pageMargin, pageMargin, pageMargin)
	f.SetAutoPageBreak(true, pageMargin+rowHigh)
	title := "Evidence for dispute " + p.Dispute.DisputeNo
	f.SetTitle(title, true)
	f.SetCreationDate(p.now)
	f.SetModificationDate(p.now)
	f.SetFooterFunc(func() {
		f.SetY(-pageMargin)
		f.SetFont("sans", "", 8)
		f.CellFormat(0, 5, "Order "+p.Order.OrderNo+", page "+strconv.Itoa(f.PageNo()), "", 0, "R", false, 0, "")
	})
	f.AddPage()
	f.SetFont("sans", "", 16)
	f.MultiCell(0, 9, title, "", "", false)
	f.SetFont("sans", "", 9)
	f.MultiCell(0, 5, "Made on "+stamp(&p.now)+". All times are in UTC.", "", "", false)
	s := sheet{f, text.For(text.En)}
	p.drawDispute(s)
	p.drawReceipt(s)
	p.drawPolicy(s)
	p.drawHistory(s)
	p.drawPlays(s)
	var buf bytes.Buffer
	if err := f.Output(&buf); err != nil {
		return nil, fmt.Errorf("draw the evidence: %w", err)
	}
	return buf.Bytes(), nil
}

// sheet draws headings, facts and lines of text.
type sheet struct {
	f *fpdf.Fpdf
	t *text.Printer
}

func (s sheet) heading(words string) {
	s.f.Ln(4)
	s.f.SetFont("sans", "", 12)
	s.f.CellFormat(0, 8, words, "B", 1, "", false, 0, "")
	s.f.Ln(1)
	s.f.SetFont("sans", "", 9)
}

func (s sheet) fact(name, value string) {
	s.f.CellFormat(nameWide, rowHigh, name, "", 0, "L", false, 0, "")
	s.f.MultiCell(0, rowHigh, typeface.Drawable(cmp.Or(value, "-")), "", "L", false)
}

func (s sheet) say(words string) { s.f.MultiCell(0, rowHigh, typeface.Drawable(words), "", "L", false) }

func stamp(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format("2006-01-02 15:04:05")
}

func (p pack) drawDispute(s sheet) {
	s.heading("1. The dispute")
	s.fact("Dispute", p.Dispute.Provider+" "+p.Dispute.DisputeNo)
	s.fact("Amount", s.t.Money(p.Dispute.Amount))
	s.fact("Reason given", p.Dispute.Reason)
	s.fact("Opened", stamp(&p.Dispute.OpenedAt))
	s.fact("Evidence due", stamp(p.Dispute.EvidenceDue))
	s.fact("State", p.Dispute.Status)
}

func (p pack) drawReceipt(s sheet) {
	o := p.Order
	s.heading("2. Receipt")
	s.fact("Order", o.OrderNo)
	s.fact("Buyer", cmp.Or(p.buyer, "account "+strconv.FormatInt(o.UserID, 10)))
	s.fact("Placed", stamp(&o.CreatedAt))
	s.fact("Paid", stamp(o.PaidAt))
	for _, c := range p.Captures {
		s.fact("Payment", c.Provider+" "+c.ChannelTxnNo+", "+s.t.Money(c.Amount)+", "+stamp(&c.CapturedAt))
	}
	for _, i := range o.Items {
		s.fact("Item "+strconv.Itoa(i.LineNo), i.Title.En+" / "+i.Title.Zh)
		s.fact("", s.t.SKU(i.Kind, i.Quality, i.RentHours)+", "+strconv.Itoa(i.Quantity)+" x, "+s.t.Money(i.Net())+" paid")
		s.fact("", "Access given "+cmp.Or(stamp(i.GrantedAt), "not yet")+ended(i))
	}
	s.fact("Total", s.t.Money(o.Total))
	s.fact("Refunded", s.t.Money(o.Refunded))
	for _, r := range p.Refunds {
		if r.RefundNo == p.Dispute.RefundNo { // it books the dispute itself
			s.fact("Held for this dispute", s.t.Money(r.Amount)+", "+stamp(&r.CreatedAt))
			continue
		}
		s.fact("Refund", r.RefundNo+", "+s.t.Money(r.Amount)+", "+r.Status+", "+
			adminview.Word(s.t, "admin.cause."+r.Cause, r.Cause)+", "+stamp(&r.CreatedAt))
	}
}

func ended(i order.Item) string {
	if i.RevokedAt == nil {
		return ""
	}
	return ", ended " + stamp(i.RevokedAt)
}

func (p pack) drawPolicy(s sheet) {
	s.heading("3. The refund policy that was shown before the purchase")
	policy := p.Order.Policy
	if !policy.Promised() {
		s.say("No time for refunds was promised with this order.")
	} else {
		s.say(s.t.RefundPolicy(policy.Within, policy.Watched, policy.ByRule))
		s.say(text.For(text.ZhCN).RefundPolicy(policy.Within, policy.Watched, policy.ByRule))
	}
	if len(p.Asked) == 0 {
		s.say("The buyer did not ask the shop for a refund.")
	}
	for _, a := range p.Asked {
		s.fact("Asked "+stamp(&a.CreatedAt), a.Reason)
		s.fact("", a.Status+" "+stamp(a.DecidedAt))
		if a.Answer != "" {
			s.fact("Answer", a.Answer)
		}
	}
}

func (p pack) drawHistory(s sheet) {
	s.heading("4. What happened to the order")
	for _, m := range p.History {
		s.fact(stamp(&m.At), s.t.T("order.state."+string(m.From))+" → "+s.t.T("order.state."+string(m.To))+", "+
			adminview.Word(s.t, "admin.cause."+m.Cause, m.Cause))
	}
}

func (p pack) drawPlays(s sheet) {
	s.heading("5. Play log")
	s.say("Plays since the payment: how many, and for each that is listed its begin, for how long the video ran, where it was " +
		"at last, and on which device.")
	for _, spuID := range videosOf(p.Order) {
		for _, i := range p.Order.Items {
			if i.SPUID == spuID {
				s.f.Ln(1)
				s.say(i.Title.En + " / " + i.Title.Zh)
				break
			}
		}
		for _, fact := range playFacts(s.t, p.plays[spuID]) {
			s.fact(fact[0], fact[1])
		}
	}
}

// playFacts are the lines of the play log of one video, each with its name: how many plays there are, and those that
// are listed, with a line for the others where they would stand.
func playFacts(t *text.Printer, log playback.PlayLog) [][2]string {
	if log.Total == 0 {
		return [][2]string{{"", "not played"}}
	}
	count := "1 play, "
	if log.Total > 1 {
		count = t.Number(log.Total) + " plays, "
	}
	facts := [][2]string{{"Played in all", count + t.Duration(int(log.Seconds))}}
	for n, g := range log.Plays {
		if n == log.First && log.Left > 0 {
			facts = append(facts, [2]string{"", t.Number(log.Left) + " plays between these are not listed"})
		}
		facts = append(facts, [2]string{stamp(&g.StartedAt), t.Duration(g.Seconds) + " played, up to " +
			t.Duration(g.Position) + ", " + cmp.Or(g.Device, "a device that was removed")})
	}
	return facts
}
