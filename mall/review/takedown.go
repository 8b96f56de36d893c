package review

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/locale"
	"videomall/mall/review/internal/dbsqlc"
)

// Takedown is a listing that an operator took off the shop. A creator who takes their own listing off sale makes none:
// buyers keep what they own.
type Takedown struct {
	ID, SPUID, CreatorID int64
	Title                locale.Text
	ByID                 int64
	Reason               string // the creator reads it
	KeepAccess           bool   // false: what buyers own of it ended, and they were paid back
	At                   time.Time
	UndoneAt             *time.Time
	UndoneBy             int64
}

func takedownOf(t dbsqlc.ReviewTakedown) Takedown {
	return Takedown{
		ID:         t.ID,
		SPUID:      t.SpuID,
		CreatorID:  t.CreatorID,
		Title:      locale.Text{Zh: t.TitleZh, En: t.TitleEn},
		ByID:       t.ByID,
		Reason:     t.Reason,
		KeepAccess: t.KeepAccess,
		At:         t.At,
		UndoneAt:   t.UndoneAt,
		UndoneBy:   deref(t.UndoneBy),
	}
}

// Target is the listing to be taken down, and why.
type Target struct {
	SPUID, CreatorID int64
	Title            locale.Text
	Reason           string
	KeepAccess       bool
}

// TakeDown takes a live listing off the shop. Without KeepAccess the buyers' access ends soon after, and each of them
// is paid back. Errors: ErrOwnListing, ErrTakenDown, ErrInvalid with Fields, and those of the listing.
func (r *Reviews) TakeDown(ctx context.Context, operatorID int64, t Target) (down Takedown, err error) {
	t.Reason = strings.TrimSpace(t.Reason)
	switch n := utf8.RuneCountInString(t.Reason); {
	case t.CreatorID == operatorID:
		return Takedown{}, ErrOwnListing.Because("spu %d", t.SPUID)
	case n == 0:
		return Takedown{}, ErrInvalid.With("reason", "reason_missing")
	case n > MaxReason || !db.Storable(t.Reason):
		return Takedown{}, ErrInvalid.With("reason", "reason_invalid")
	}
	err = db.InTxRetrying(ctx, r.deps.Pool, tries, func(tx pgx.Tx) error {
		row, err := r.q.InsertTakedown(ctx, tx, dbsqlc.InsertTakedownParams{
			SpuID:      t.SPUID,
			CreatorID:  t.CreatorID,
			TitleZh:    t.Title.Zh,
			TitleEn:    t.Title.En,
			ByID:       operatorID,
			Reason:     t.Reason,
			KeepAccess: t.KeepAccess,
			At:         r.deps.Now(),
		})
		if db.IsUnique(err, "review_takedown_living_key") {
			return ErrTakenDown.Because("spu %d: %w", t.SPUID, err)
		}
		if err != nil {
			return fmt.Errorf("take down spu %d: %w", t.SPUID, err)
		}
		down = takedownOf(row)
		if err := r.deps.Listing.TakeDown(ctx, tx, t.SPUID); err != nil {
			return err
		}
		if !t.KeepAccess {
			if err := r.deps.EndAccess(ctx, tx, t.SPUID, down.ID); err != nil {
				return err
			}
		}
		if err := r.reportTakedownTx(ctx, tx, DecisionTakenDown, down); err != nil {
			return err
		}
		return r.deps.Audit(ctx, tx, operatorID, "review.take_down", spuSubject(t.SPUID),
			map[string]any{"takedown": down.ID, "reason": t.Reason, "keepAccess": t.KeepAccess})
	})
	if err != nil {
		return Takedown{}, err
	}
	return down, nil
}

// Undo puts a listing that was taken down back on sale, which grants an appeal that waits. Refunds that were paid stay
// paid. Errors: ErrNotFound, ErrMoved when it was undone before, ErrOwnListing, and those of the listing.
func (r *Reviews) Undo(ctx context.Context, operatorID, id int64) error {
	return db.InTxRetrying(ctx, r.deps.Pool, tries, func(tx pgx.Tx) error {
		// The appeal is locked first, in the order in which Answer locks them.
		appeal, err := r.q.OpenAppealOf(ctx, tx, &id)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("appeal against takedown %d: %w", id, err)
		}
		appealed := err == nil
		if appealed {
			if err := r.decideAppealTx(ctx, tx, appeal.ID, Granted, "", operatorID); err != nil {
				return err
			}
		}
		down, err := r.restoreTx(ctx, tx, operatorID, id)
		if err != nil {
			return err
		}
		if appealed {
			err = r.reportAppealTx(ctx, tx, Granted, appealOf(appeal))
		} else {
			err = r.reportTakedownTx(ctx, tx, DecisionRestored, down)
		}
		if err != nil {
			return err
		}
		return r.deps.Audit(ctx, tx, operatorID, "review.restore", spuSubject(down.SPUID),
			map[string]any{"takedown": id})
	})
}

func (r *Reviews) restoreTx(ctx context.Context, tx pgx.Tx, operatorID, id int64) (Takedown, error) {
	row, err := r.q.UndoTakedown(ctx, tx, dbsqlc.UndoTakedownParams{
		ID:   id,
		At:   r.deps.Now(),
		ByID: operatorID,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		if _, err := r.Takedown(ctx, id); err != nil {
			return Takedown{}, err
		}
		return Takedown{}, ErrMoved.Because("takedown %d was undone", id)
	}
	if err != nil {
		return Takedown{}, fmt.Errorf("undo takedown %d: %w", id, err)
	}
	if row.CreatorID == operatorID {
		return Takedown{}, ErrOwnListing.Because("takedown %d", id)
	}
	return takedownOf(row), r.deps.Listing.Restore(ctx, tx, row.SpuID)
}

// Takedown returns one of them. Errors: ErrNotFound.
func (r *Reviews) Takedown(ctx context.Context, id int64) (Takedown, error) {
	row, err := r.q.TakedownByID(ctx, r.deps.Pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Takedown{}, ErrNotFound.Because("takedown %d", id)
	}
	if err != nil {
		return Takedown{}, fmt.Errorf("takedown %d: %w", id, err)
	}
	return takedownOf(row), nil
}

// Takedowns returns up to most of them, the latest first, those before an id unless that is 0.
func (r *Reviews) Takedowns(ctx context.Context, before int64, most int) ([]Takedown, error) {
	rows, err := r.q.Takedowns(ctx, r.deps.Pool, dbsqlc.TakedownsParams{BeforeID: before, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("takedowns: %w", err)
	}
	out := make([]Takedown, len(rows))
	for i, row := range rows {
		out[i] = takedownOf(row)
	}
	return out, nil
}

// EndedAccessTx says which of these listings are taken down without KeepAccess, and by which takedown: a payment that
// arrives for them later must go back too. None of these takedowns is undone before the transaction ends.
func (r *Reviews) EndedAccessTx(ctx context.Context, tx pgx.Tx, spuIDs []int64) (map[int64]int64, error) {
	rows, err := r.q.EndedAccess(ctx, tx, spuIDs)
	if err != nil {
		return nil, fmt.Errorf("ended access of %v: %w", spuIDs, err)
	}
	ended := make(map[int64]int64, len(rows))
	for _, row := range rows {
		ended[row.SpuID] = row.ID
	}
	return ended, nil
}

// StandingTakedownsTx counts a creator's listings that were taken down and not put back.
func (r *Reviews) StandingTakedownsTx(ctx context.Context, tx pgx.Tx, creatorID int64) (int, error) {
	n, err := r.q.CountTakedowns(ctx, tx, creatorID)
	if err != nil {
		return 0, fmt.Errorf("takedowns of creator %d: %w", creatorID, err)
	}
	return int(n), nil
}
