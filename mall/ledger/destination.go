package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/seal"
)

// Limits of a destination, in characters.
const (
	MaxName           = 80
	MaxAccount        = 80
	shortest, visible = 4, 4
)

// Destination is where a creator is paid: the name of the account's holder, and the account as the bank writes it.
type Destination struct {
	Name    string `json:"name"`
	Account string `json:"account"`
}

// IsZero reports whether the destination is not set.
func (d Destination) IsZero() bool { return d == Destination{} }

// Masked hides each part except for a few characters by which its owner can recognize it.
func (d Destination) Masked() Destination {
	if d.IsZero() {
		return d
	}
	first, _ := utf8.DecodeRuneInString(d.Name)
	account := []rune(d.Account)
	shown := min(visible, len(account)/2)
	return Destination{string(first) + "•••", "••••" + string(account[len(account)-shown:])}
}

// SetDestination stores where a creator is paid, encrypted. Payouts that were requested before keep their destination;
// those requested within Terms.PayoutWait after the change wait for their approval. Setting the same destination again
// changes nothing. Errors: ErrPayoutInvalid with the field "name" or "account".
func (l *Ledger) SetDestination(ctx context.Context, creatorID int64, d Destination) error {
	d.Name, d.Account = strings.TrimSpace(d.Name), strings.TrimSpace(d.Account)
	found := ErrPayoutInvalid
	if !sound(d.Name, 1) || utf8.RuneCountInString(d.Name) > MaxName {
		found = found.With("name", "destination_name_invalid")
	}
	if !sound(d.Account, shortest) || utf8.RuneCountInString(d.Account) > MaxAccount {
		found = found.With("account", "destination_account_invalid")
	}
	if len(found.Fields) > 0 {
		return found
	}
	sealed, err := l.seal(creatorID, d)
	if err != nil {
		return err
	}
	return db.InTx(ctx, l.deps.Pool, func(tx pgx.Tx) error {
		payee, err := l.lockPayeeTx(ctx, tx, creatorID)
		if err != nil {
			return err
		}
		if payee.Destination != nil {
			if was, err := l.unseal(creatorID, payee.Destination); err == nil && was == d {
				return nil
			}
		}
		if _, err := l.q.SetDestination(ctx, tx, dbsqlc.SetDestinationParams{
			CreatorID:   creatorID,
			Destination: sealed,
			At:          l.now(),
		}); err != nil {
			return fmt.Errorf("store the destination of creator %d: %w", creatorID, err)
		}
		if l.deps.OnDestination == nil {
			return nil
		}
		if err := l.deps.OnDestination(ctx, tx, DestinationEvent{CreatorID: creatorID}); err != nil {
			return fmt.Errorf("report the destination of creator %d: %w", creatorID, err)
		}
		return nil
	})
}

// DestinationOf reads where a creator is paid, masked, or the zero value if it is not set.
func (l *Ledger) DestinationOf(ctx context.Context, creatorID int64) (Destination, error) {
	payee, err := l.q.Payee(ctx, l.deps.Pool, creatorID)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && payee.Destination == nil {
		return Destination{}, nil
	}
	if err != nil {
		return Destination{}, fmt.Errorf("payee %d: %w", creatorID, err)
	}
	d, err := l.unseal(creatorID, payee.Destination)
	return d.Masked(), err
}

// DestinationChanged returns when a creator's destination was set or changed last, and until when payouts to it can't
// be approved. changed is false if that time is over.
func (l *Ledger) DestinationChanged(ctx context.Context,
	creatorID int64,
) (at, until time.Time, changed bool, err error) {
	payee, err := l.q.Payee(ctx, l.deps.Pool, creatorID)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && payee.Destination == nil {
		return at, until, false, nil
	}
	if err != nil {
		return at, until, false, fmt.Errorf("payee %d: %w", creatorID, err)
	}
	until = payee.UpdatedAt.Add(l.deps.Terms.PayoutWait)
	return payee.UpdatedAt, until, until.After(l.now()), nil
}

// PayoutDestination returns the destination of a payout, masked.
func (l *Ledger) PayoutDestination(p Payout) (Destination, error) {
	d, err := l.unseal(p.CreatorID, p.destination)
	return d.Masked(), err
}

// Reveal returns the full destination of an approved payout to an operator, and writes this to the audit log. Errors:
// ErrPayoutNotFound, ErrPayoutMoved if it is not approved, ErrOwnPayout, and ErrSecondPerson as for MarkPaid.
func (l *Ledger) Reveal(ctx context.Context, actorID, id int64) (d Destination, err error) {
	err = db.InTx(ctx, l.deps.Pool, func(tx pgx.Tx) error {
		p, err := l.payoutTx(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := notOwn(actorID, p.CreatorID); err != nil {
			return err
		}
		if p.State != Approved {
			return ErrPayoutMoved.Because("payout %d is %s: there is nothing to transfer", id, p.State)
		}
		if err := l.secondPersonTx(ctx, tx, p, actorID); err != nil {
			return err
		}
		if d, err = l.unseal(p.CreatorID, p.destination); err != nil {
			return err
		}
		return l.auditTx(ctx, tx, actorID, "payout.revealed", payoutSubject(id),
			map[string]any{"creatorId": p.CreatorID})
	})
	return d, err
}

// place is the name that binds a ciphertext to its creator.
func place(creatorID int64) string { return "payee/" + strconv.FormatInt(creatorID, 10) }

func (l *Ledger) seal(creatorID int64, d Destination) ([]byte, error) {
	box, err := seal.New(l.deps.Key)
	if err != nil {
		return nil, fmt.Errorf("the key of destinations: %w", err)
	}
	body, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("marshal the destination of creator %d: %w", creatorID, err)
	}
	// Pad the text, so that its length does not reveal that of the account.
	const block = 128
	body = append(body, strings.Repeat(" ", block-len(body)%block)...)
	return box.Seal(body, place(creatorID)), nil
}

func (l *Ledger) unseal(creatorID int64, sealed []byte) (d Destination, err error) {
	box, err := seal.New(l.deps.Key)
	if err != nil {
		return d, fmt.Errorf("the key of destinations: %w", err)
	}
	body, err := box.Open(sealed, place(creatorID))
	if err == nil {
		err = json.Unmarshal(body, &d)
	}
	if err != nil {
		return d, fmt.Errorf("decrypt the destination of creator %d: %w", creatorID, err)
	}
	return d, nil
}
