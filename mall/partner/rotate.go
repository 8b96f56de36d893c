package partner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/partner/internal/dbsqlc"
)

// Rotation replaces a key by a new one of the same form, label, scopes and lifetime, which begins anew.
type Rotation struct {
	PartnerID int64
	KeyID     int64
	PublicKey string        // of the new key, if it is of Ed25519
	Overlap   time.Duration // how long the old key lives on, one of Overlaps
	FormKey   string        // as in KeyDraft
}

// Rotate makes the successor of a key and lets the old one live on for the overlap, never longer than it would have.
// Errors: ErrInvalid with the fields overlap and public_key, ErrNotFound, ErrOver, ErrNoKey, ErrEnded, ErrTooMany,
// ErrRepeated.
func (p *Partners) Rotate(ctx context.Context, by int64, r Rotation) (made Key, secret string, err error) {
	if !slices.Contains(Overlaps(), r.Overlap) {
		return Key{}, "", ErrInvalid.With("overlap", "partner_key_overlap")
	}
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		if err := p.lockLiving(ctx, tx, r.PartnerID); err != nil {
			return err
		}
		old, err := p.livingKey(ctx, tx, r.PartnerID, r.KeyID)
		if err != nil {
			return err
		}
		row, err := KeyDraft{
			Label:     old.Label,
			Form:      old.Form,
			PublicKey: r.PublicKey,
			Scopes:    texts(old.Scopes),
			Lifetime:  old.Lifetime,
			FormKey:   r.FormKey,
		}.checked(p.deps.Now())
		if err != nil {
			return err
		}
		if made, secret, err = p.insertKeyTx(ctx, tx, by, r.PartnerID, row); err != nil {
			return err
		}
		if err := p.endTx(ctx, tx, old.ID, p.deps.Now().Add(r.Overlap)); err != nil {
			return err
		}
		return p.audit(ctx, tx, by, "partner.key_rotate", r.PartnerID, map[string]any{
			"key":     old.PublicID,
			"new":     made.PublicID,
			"overlap": r.Overlap.String(),
		})
	})
	if err != nil {
		return Key{}, "", err
	}
	return made, secret, nil
}

func texts(scopes []Scope) (list []string) {
	for _, s := range scopes {
		list = append(list, string(s))
	}
	return list
}

// livingKey locks a key that has not ended, of a partner that the caller has locked. Errors: ErrNoKey, ErrEnded.
func (p *Partners) livingKey(ctx context.Context, tx pgx.Tx, partnerID, keyID int64) (Key, error) {
	row, err := p.q.LockKey(ctx, tx, dbsqlc.LockKeyParams{ID: keyID, PartnerID: partnerID})
	if errors.Is(err, pgx.ErrNoRows) {
		return Key{}, ErrNoKey.Because("key %d of partner %d", keyID, partnerID)
	}
	if err != nil {
		return Key{}, fmt.Errorf("lock key %d: %w", keyID, err)
	}
	k := keyOf(row)
	if k.Ended(p.deps.Now()) {
		return Key{}, ErrEnded.Because("key %d ended at %s", keyID, k.EndsAt)
	}
	return k, nil
}

func (p *Partners) endTx(ctx context.Context, tx pgx.Tx, keyID int64, at time.Time) error {
	if err := p.q.EndKey(ctx, tx, dbsqlc.EndKeyParams{ID: keyID, At: at}); err != nil {
		return fmt.Errorf("end key %d: %w", keyID, err)
	}
	return nil
}

// EndKey ends a key at once, in an operator's name. Errors: ErrNotFound, ErrNoKey, ErrEnded.
func (p *Partners) EndKey(ctx context.Context, by, partnerID, keyID int64) error {
	return db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		if _, err := p.lockTx(ctx, tx, partnerID); err != nil {
			return err
		}
		return p.endKeyTx(ctx, tx, by, partnerID, keyID)
	})
}

// endKeyTx ends a key at once and records who did it. Errors: ErrNoKey, ErrEnded.
func (p *Partners) endKeyTx(ctx context.Context, tx pgx.Tx, by, partnerID, keyID int64) error {
	k, err := p.livingKey(ctx, tx, partnerID, keyID)
	if err != nil {
		return err
	}
	if err := p.endTx(ctx, tx, keyID, p.deps.Now()); err != nil {
		return err
	}
	return p.audit(ctx, tx, by, "partner.key_end", partnerID, map[string]any{"key": k.PublicID})
}

// EndOwnKey ends a key at once, for the account that owns its partner. Errors: ErrNotFound, also for partners of
// others; ErrNoKey, ErrEnded.
func (p *Partners) EndOwnKey(ctx context.Context, ownerID, partnerID, keyID int64) error {
	return db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		row, err := p.lockTx(ctx, tx, partnerID)
		if err != nil {
			return err
		}
		if row.OwnerID != ownerID {
			return ErrNotFound.Because("partner %d is not of %d", partnerID, ownerID)
		}
		return p.endKeyTx(ctx, tx, ownerID, partnerID, keyID)
	})
}
