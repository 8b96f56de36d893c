package review

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// What staff decide about a creator's listing, as Decision.Type.
const (
	DecisionApproved      = "approved"       // of a case, for good
	DecisionReturned      = "returned"       // of a case
	DecisionTakenDown     = "taken_down"     // of a takedown
	DecisionRestored      = "restored"       // of a takedown that nobody had appealed against
	DecisionAppealGranted = "appeal_granted" // of an appeal
	DecisionAppealRefused = "appeal_refused" // of an appeal
)

// Decision is what staff decided about a creator's listing. ID is that of the case, the takedown or the appeal, and
// Version tells apart the decisions about one case.
type Decision struct {
	Type      string `json:"-"`
	ID        int64  `json:"id"`
	SPUID     int64  `json:"spuId"`
	CreatorID int64  `json:"creatorId"`
	Version   int    `json:"version,omitempty"`
}

// reportTx hands a decision to whoever joins the modules.
func (r *Reviews) reportTx(ctx context.Context, tx pgx.Tx, d Decision) error {
	if r.deps.OnDecision == nil {
		return nil
	}
	if err := r.deps.OnDecision(ctx, tx, d); err != nil {
		return fmt.Errorf("report that %d was %s: %w", d.ID, d.Type, err)
	}
	return nil
}

func (r *Reviews) reportCaseTx(ctx context.Context, tx pgx.Tx, kind string, c Case) error {
	return r.reportTx(ctx, tx, Decision{
		Type:      kind,
		ID:        c.ID,
		SPUID:     c.SPUID,
		CreatorID: c.CreatorID,
		Version:   c.Version,
	})
}

func (r *Reviews) reportTakedownTx(ctx context.Context, tx pgx.Tx, kind string, t Takedown) error {
	return r.reportTx(ctx, tx, Decision{
		Type:      kind,
		ID:        t.ID,
		SPUID:     t.SPUID,
		CreatorID: t.CreatorID,
	})
}

func (r *Reviews) reportAppealTx(ctx context.Context, tx pgx.Tx, state string, a Appeal) error {
	kind := DecisionAppealRefused
	if state == Granted {
		kind = DecisionAppealGranted
	}
	return r.reportTx(ctx, tx, Decision{
		Type:      kind,
		ID:        a.ID,
		SPUID:     a.SPUID,
		CreatorID: a.CreatorID,
	})
}
