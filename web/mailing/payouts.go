package mailing

import (
	"context"
	"time"

	"videomall/mall"
	"videomall/mall/ledger"
	"videomall/mall/mail"
	"videomall/mall/notice"
	"videomall/views/mails"
	"videomall/views/text"
)

// payoutKinds are the mails to creators about their money. They count as mails about the account, so that nobody who has
// taken it over can switch them off.
var payoutKinds = map[string]kind{
	notice.PayoutApproved: about(mail.TopicAccount, readPayout(ledger.Approved), writePayout("approved"), samplePayout),
	notice.PayoutRefused:  about(mail.TopicAccount, readPayout(ledger.Refused), writePayout("refused"), samplePayout),
	notice.PayoutPaid:     about(mail.TopicAccount, readPayout(ledger.Paid), writePayout("paid"), samplePayout),
	notice.PayoutFailed:   about(mail.TopicAccount, readPayout(ledger.Failed), writePayout("failed"), samplePayout),
	notice.PayoutDestination: about(mail.TopicAccount, readDestination, writeDestination,
		sampleDestination),
}

// payout is a payout as it stands, and where it goes, masked.
type payout struct {
	payout ledger.Payout
	to     ledger.Destination
}

// readPayout reads a payout that is still in the state that its mail tells of: of one that moved on there is another.
func readPayout(state ledger.State) func(context.Context, *Composer, *mall.Mall, mail.Mail,
	notice.About) (payout, error) {
	return func(ctx context.Context, _ *Composer, m *mall.Mall, to mail.Mail, a notice.About) (p payout, err error) {
		if p.payout, err = m.Ledger.Payout(ctx, a.PayoutID); err != nil {
			return p, err
		}
		if p.payout.CreatorID != to.UserID || p.payout.State != state {
			return p, mail.ErrMoot
		}
		p.to, err = m.Ledger.PayoutDestination(p.payout)
		return p, err
	}
}

func writePayout(state string) func(*Composer, *text.Printer, payout) mails.Body {
	return func(c *Composer, t *text.Printer, p payout) mails.Body {
		sum, key := t.Money(p.payout.Amount), "mail.payout_"+state
		facts := []mails.Fact{{Label: t.T("mail.payout_sum"), Value: sum}}
		if !p.to.IsZero() {
			facts = append(facts, mails.Fact{Label: t.T("mail.payout_account"), Value: p.to.Name + " " + p.to.Account})
		}
		if p.payout.State == ledger.Paid && p.payout.BankReference != "" {
			facts = append(facts, mails.Fact{Label: t.T("mail.payout_reference"), Value: p.payout.BankReference})
		}
		b := mails.Body{
			Subject:    t.T(key+"_subject", "Sum", sum),
			Title:      t.T(key + "_title"),
			Paragraphs: []string{t.T(key+"_body", "Sum", sum)},
			Facts:      facts,
			Button:     c.page(t.T("mail.see_earnings"), "/studio/earnings"),
			Reason:     t.T("mail.reason_creator"),
		}
		if state == "refused" || state == "failed" { // the reason of an approval is for operators alone
			b.Paragraphs = quote(t, b.Paragraphs, "mail.reason_given", p.payout.Reason)
		}
		return b
	}
}

// destination is where a creator is paid, masked, since when, and until when payouts to it wait.
type destination struct {
	to        ledger.Destination
	at, until time.Time
	waits     bool
}

func readDestination(ctx context.Context, _ *Composer, m *mall.Mall, to mail.Mail,
	_ notice.About,
) (d destination, err error) {
	if d.to, err = m.Ledger.DestinationOf(ctx, to.UserID); err != nil {
		return d, err
	}
	if d.to.IsZero() {
		return d, mail.ErrMoot
	}
	d.at, d.until, d.waits, err = m.Ledger.DestinationChanged(ctx, to.UserID)
	return d, err
}

func writeDestination(c *Composer, t *text.Printer, d destination) mails.Body {
	b := mails.Body{
		Subject:    t.T("mail.payout_destination_subject"),
		Title:      t.T("mail.payout_destination_title"),
		Paragraphs: []string{t.T("mail.payout_destination_body")},
		Facts: []mails.Fact{
			{Label: t.T("mail.payout_account"), Value: d.to.Name + " " + d.to.Account},
			{Label: t.T("mail.when"), Value: t.DateTime(d.at)},
		},
		Button: c.page(t.T("mail.not_you_button"), "/forgot-password"),
		Notes: []string{
			t.T("mail.payout_destination_note"),
			t.T("mail.payout_destination_see", "URL", c.deps.PublicURL+"/studio/earnings"),
		},
		Reason: t.T("mail.reason_creator"),
	}
	if d.waits {
		b.Paragraphs = append(b.Paragraphs, t.T("mail.payout_destination_waits", "When", t.DateTime(d.until)))
	}
	return b
}
