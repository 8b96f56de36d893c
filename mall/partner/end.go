package partner

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/partner/internal/dbsqlc"
)

// End ends a partner for good, in an operator's name: from now on none of its keys, links and webhooks works. Orders
// that came from it stay what they are. Errors: ErrNotFound, ErrOver.
func (p *Partners) End(ctx context.Context, by, partnerID int64) error {
	return db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		if err := p.lockLiving(ctx, tx, partnerID); err != nil {
			return err
		}
		at := p.deps.Now()
		if err := p.q.EndPartner(ctx, tx, dbsqlc.EndPartnerParams{ID: partnerID, At: at}); err != nil {
			return fmt.Errorf("end partner %d: %w", partnerID, err)
		}
		if err := p.q.EndKeysOf(ctx, tx, dbsqlc.EndKeysOfParams{PartnerID: partnerID, At: at}); err != nil {
			return fmt.Errorf("end the keys of partner %d: %w", partnerID, err)
		}
		if p.deps.Silence != nil {
			if err := p.deps.Silence(ctx, tx, partnerID); err != nil {
				return err
			}
		}
		return p.audit(ctx, tx, by, "partner.end", partnerID, nil)
	})
}
