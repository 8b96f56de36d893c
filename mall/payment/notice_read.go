package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/payment/internal/dbsqlc"
)

// ErrUnknownNotice says that there is no such notice of this reference.
var ErrUnknownNotice = fault.New(fault.NotFound, "unknown_notice", "There is no such notice.")

// NoticeRecord is a recorded notice with its outcome and the number of its replays. Raw is its body as it came: it names
// people and has signatures, so only Mask of it may be shown.
type NoticeRecord struct {
	ID           int64
	Provider     string
	EventID      string
	Type         string
	AttemptNo    string
	ChannelTxnNo string
	RefundNo     string
	Amount       money.Money
	Outcome      string
	Replays      int
	OccurredAt   time.Time
	ReceivedAt   time.Time
	Raw          []byte
}

func noticeOf(r dbsqlc.PaymentNotice) NoticeRecord {
	n := NoticeRecord{
		ID:           r.ID,
		Provider:     r.Provider,
		EventID:      r.EventID,
		Type:         r.Type,
		AttemptNo:    r.AttemptNo,
		ChannelTxnNo: r.ChannelTxnNo,
		RefundNo:     r.RefundNo,
		Outcome:      r.Outcome,
		Replays:      int(r.Replays),
		OccurredAt:   r.OccurredAt,
		ReceivedAt:   r.ReceivedAt,
		Raw:          r.Raw,
	}
	if r.Amount != nil {
		n.Amount = money.Of(*r.Amount, r.Currency)
	}
	return n
}

// Notices lists the latest notices about a reference, at most most of them, the oldest of these first: those of its
// attempts, and those that name only one of its transactions.
func (p *Payments) Notices(ctx context.Context, reference string, most int) ([]NoticeRecord, error) {
	rows, err := p.q.Notices(ctx, p.pool, dbsqlc.NoticesParams{Reference: reference, MaxRows: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("notices of %s: %w", reference, err)
	}
	out := make([]NoticeRecord, len(rows))
	for i, r := range rows {
		out[i] = noticeOf(r)
	}
	slices.Reverse(out)
	return out, nil
}

// CountNotices counts the notices that Notices would list without a limit.
func (p *Payments) CountNotices(ctx context.Context, reference string) (int64, error) {
	n, err := p.q.CountNotices(ctx, p.pool, reference)
	return n, wrap("count the notices of "+reference, err)
}

// Notice reads a recorded notice of a reference, and reads its body again as its provider wrote it. It verifies no
// signature, which was done before the notice was recorded. Errors: ErrUnknownNotice, ErrUnknownProvider,
// ErrMalformedNotice if the body can't be read any more.
func (p *Payments) Notice(ctx context.Context, reference string, id int64) (NoticeRecord, Notice, error) {
	row, err := p.q.NoticeOf(ctx, p.pool, dbsqlc.NoticeOfParams{ID: id, Reference: reference})
	if errors.Is(err, pgx.ErrNoRows) {
		return NoticeRecord{}, Notice{}, ErrUnknownNotice.Because("notice %d of %s", id, reference)
	}
	if err != nil {
		return NoticeRecord{}, Notice{}, fmt.Errorf("notice %d of %s: %w", id, reference, err)
	}
	record := noticeOf(row)
	pr, err := p.Provider(record.Provider)
	if err != nil {
		return record, Notice{}, err
	}
	n, err := pr.ReadNotice(record.Raw)
	if err == nil && n.EventID != record.EventID {
		err = ErrMalformedNotice.Because("notice %d was of event %q, and reads as %q", id, record.EventID, n.EventID)
	}
	return record, n, err
}

// ForgetNoticeTx deletes a recorded notice, so that the same one counts as the first again. Only what is rolled back
// may do that.
func (p *Payments) ForgetNoticeTx(ctx context.Context, tx pgx.Tx, n Notice) error {
	err := p.q.ForgetNotice(ctx, tx, dbsqlc.ForgetNoticeParams{Provider: n.Provider, EventID: n.EventID})
	return wrap("forget notice "+n.EventID, err)
}
