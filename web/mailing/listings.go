package mailing

import (
	"context"
	"fmt"
	"strings"

	"videomall/mall"
	"videomall/mall/locale"
	"videomall/mall/mail"
	"videomall/mall/notice"
	"videomall/mall/review"
	"videomall/views/mails"
	"videomall/views/text"
)

// listingKinds are the mails to creators about what was decided on their listings.
var listingKinds = map[string]kind{
	notice.ListingApproved: about(mail.TopicWork, readCase(review.Approved), writeApproved, sampleDecision),
	notice.ListingReturned: about(mail.TopicWork, readCase(review.Returned), writeReturned, sampleDecision),
	notice.ListingTakenDown: about(mail.TopicWork, readTakedown(false), writeTakenDown,
		sampleDecision),
	notice.ListingRestored: about(mail.TopicWork, readTakedown(true), writeRestored, sampleDecision),
	notice.AppealGranted:   about(mail.TopicWork, readAppeal(review.Granted), writeAppeal("granted"), sampleDecision),
	notice.AppealRefused:   about(mail.TopicWork, readAppeal(review.Refused), writeAppeal("refused"), sampleDecision),
}

// decision is what was decided on a listing.
type decision struct {
	spuID      int64
	title      locale.Text
	causes     []string // of review.Causes
	words      string   // the reason or the answer, as it was typed; may be empty
	keepAccess bool     // of a takedown
}

func readCase(state review.State) func(context.Context, *Composer, *mall.Mall, mail.Mail,
	notice.About) (decision, error) {
	return func(ctx context.Context, _ *Composer, m *mall.Mall, to mail.Mail, a notice.About) (decision, error) {
		k, err := m.Reviews.Get(ctx, a.CaseID)
		if err == nil && (k.CreatorID != to.UserID || k.State != state) {
			err = mail.ErrMoot // another's, or decided anew
		}
		return decision{
			spuID:  k.SPUID,
			title:  k.Content.Title,
			causes: k.Causes,
			words:  k.Note,
		}, err
	}
}

func readTakedown(undone bool) func(context.Context, *Composer, *mall.Mall, mail.Mail,
	notice.About) (decision, error) {
	return func(ctx context.Context, _ *Composer, m *mall.Mall, to mail.Mail, a notice.About) (decision, error) {
		d, err := m.Reviews.Takedown(ctx, a.TakedownID)
		if err == nil && (d.CreatorID != to.UserID || (d.UndoneAt != nil) != undone) {
			err = mail.ErrMoot
		}
		return decision{
			spuID:      d.SPUID,
			title:      d.Title,
			words:      d.Reason,
			keepAccess: d.KeepAccess,
		}, err
	}
}

// appealsRead bounds the appeals of a listing among which the answered one is looked for, the latest first.
const appealsRead = 20

func readAppeal(state string) func(context.Context, *Composer, *mall.Mall, mail.Mail, notice.About) (decision, error) {
	return func(ctx context.Context, _ *Composer, m *mall.Mall, to mail.Mail, a notice.About) (decision, error) {
		heard, err := m.Reviews.AppealsOf(ctx, to.UserID, a.SPUID, appealsRead)
		for _, h := range heard {
			if h.ID != a.AppealID || h.State != state {
				continue
			}
			d := decision{spuID: h.SPUID, words: h.Answer}
			if h.Takedown != nil {
				d.title = h.Takedown.Title
			} else if h.Case != nil {
				d.title = h.Case.Content.Title
			}
			return d, nil
		}
		if err == nil {
			err = mail.ErrMoot
		}
		return decision{}, err
	}
}

// verdict is what the mails about listings have in common: they name the listing and lead to it.
func (c *Composer) verdict(t *text.Printer, key string, d decision) mails.Body {
	return mails.Body{
		Subject:    t.T("mail." + key + "_subject"),
		Title:      t.T("mail." + key + "_title"),
		Paragraphs: []string{t.T("mail."+key+"_body", "Title", t.Of(d.title))},
		Button:     c.page(t.T("mail.see_listing"), fmt.Sprintf("/studio/listings/%d", d.spuID)),
		Reason:     t.T("mail.reason_creator"),
	}
}

func writeApproved(c *Composer, t *text.Printer, d decision) mails.Body {
	return c.verdict(t, "listing_approved", d)
}

func writeRestored(c *Composer, t *text.Printer, d decision) mails.Body {
	return c.verdict(t, "listing_restored", d)
}

func writeReturned(c *Composer, t *text.Printer, d decision) mails.Body {
	b := c.verdict(t, "listing_returned", d)
	why := make([]string, len(d.causes))
	for n, cause := range d.causes {
		why[n] = t.T("review.cause." + cause)
	}
	if len(why) > 0 {
		b.Facts = []mails.Fact{{Label: t.T("review.causes"), Value: strings.Join(why, " · ")}}
	}
	b.Paragraphs = quote(t, b.Paragraphs, "mail.reviewer_says", d.words)
	b.Button.Label = t.T("mail.listing_returned_button")
	b.Notes = []string{t.T("mail.listing_returned_note")}
	return b
}

func writeTakenDown(c *Composer, t *text.Printer, d decision) mails.Body {
	b := c.verdict(t, "listing_taken_down", d)
	b.Paragraphs = quote(t, b.Paragraphs, "mail.reason_given", d.words)
	key := "mail.listing_taken_down_ended"
	if d.keepAccess {
		key = "mail.listing_taken_down_kept"
	}
	b.Paragraphs = append(b.Paragraphs, t.T(key))
	b.Button = c.page(t.T("mail.appeal_button"), fmt.Sprintf("/studio/listings/%d/appeal", d.spuID))
	return b
}

func writeAppeal(state string) func(*Composer, *text.Printer, decision) mails.Body {
	return func(c *Composer, t *text.Printer, d decision) mails.Body {
		b := c.verdict(t, "appeal_"+state, d)
		b.Paragraphs = quote(t, b.Paragraphs, "mail.answer_given", d.words)
		return b
	}
}

// quote adds what somebody has typed, if they have.
func quote(t *text.Printer, paragraphs []string, key, words string) []string {
	if words == "" {
		return paragraphs
	}
	return append(paragraphs, t.T(key, "Words", words))
}
