package webhook

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/webhook/internal/dbsqlc"
)

// Draft is an endpoint as its owner enters it.
type Draft struct {
	URL   string
	Types []string
}

// check normalizes a draft. Errors: ErrInvalid with every invalid field.
func (w *Webhooks) check(d Draft) (Draft, error) {
	wrong := ErrInvalid
	url, slug := CheckURL(d.URL, w.deps.Loopback)
	if slug != "" {
		wrong = wrong.With("url", slug)
	}
	kinds := []string{}
	offered := Types()
	if w.owners == partners {
		offered = PartnerTypes()
	}
	for _, kind := range offered {
		if slices.Contains(d.Types, kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		wrong = wrong.With("types", "types_missing")
	}
	if len(wrong.Fields) > 0 {
		return d, wrong
	}
	return Draft{URL: url, Types: kinds}, nil
}

// Add stores a new endpoint and returns its secret, which is never shown again. Errors: ErrInvalid with Fields,
// ErrTooMany.
func (w *Webhooks) Add(ctx context.Context, ownerID int64, d Draft) (made Endpoint, secret string, err error) {
	if d, err = w.check(d); err != nil {
		return Endpoint{}, "", err
	}
	err = db.InTx(ctx, w.deps.Pool, func(tx pgx.Tx) error {
		if err := w.q.LockOwner(ctx, tx, w.owners.row(ownerID)); err != nil {
			return fmt.Errorf("lock the webhooks of %d: %w", ownerID, err)
		}
		n, err := w.q.CountEndpoints(ctx, tx, w.owners.row(ownerID))
		if err != nil {
			return fmt.Errorf("count the webhooks of %d: %w", ownerID, err)
		}
		if n >= MaxEndpoints {
			return ErrTooMany.Because("%d has %d webhooks", ownerID, n)
		}
		id, err := w.q.NextEndpointID(ctx, tx)
		if err != nil {
			return fmt.Errorf("number a webhook: %w", err)
		}
		var wrapped []byte
		secret, wrapped = w.wrap.newSecret(id)
		row, err := w.q.InsertEndpoint(ctx, tx, dbsqlc.InsertEndpointParams{
			ID:      id,
			OwnerID: w.owners.row(ownerID),
			Url:     d.URL,
			Types:   d.Types,
			Secret:  wrapped,
			At:      w.deps.Now(),
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrInvalid.With("url", "url_known")
		}
		if err != nil {
			return fmt.Errorf("insert webhook of %d: %w", ownerID, err)
		}
		made = w.endpointOf(row)
		return w.recordTx(ctx, tx, ownerID, "add", d.URL)
	})
	if err != nil {
		return Endpoint{}, "", err
	}
	return made, secret, nil
}

// Edit changes an endpoint that was read in that version. Pending messages go to the new address. Errors: ErrInvalid
// with Fields, ErrNotFound, ErrMoved.
func (w *Webhooks) Edit(ctx context.Context, ownerID, id int64, version int, d Draft) error {
	d, err := w.check(d)
	if err != nil {
		return err
	}
	return w.change(ctx, ownerID, id, "edit", func(tx pgx.Tx, _ dbsqlc.WebhookEndpoint) (int64, error) {
		if err := w.q.LockOwner(ctx, tx, w.owners.row(ownerID)); err != nil {
			return 0, err
		}
		same, err := w.q.SameURL(ctx, tx, dbsqlc.SameURLParams{
			OwnerID: w.owners.row(ownerID),
			Url:     d.URL,
			ID:      id,
		})
		if err != nil {
			return 0, err
		}
		if same {
			return 0, ErrInvalid.With("url", "url_known")
		}
		return w.q.UpdateEndpoint(ctx, tx, dbsqlc.UpdateEndpointParams{
			ID:      id,
			Version: int32(version),
			Url:     d.URL,
			Types:   d.Types,
		})
	})
}

// Rotate gives an endpoint a new secret and returns it, which is never shown again. For Overlap messages are also
// signed with the previous secret, but no longer with an earlier one. Errors: ErrNotFound, ErrMoved.
func (w *Webhooks) Rotate(ctx context.Context, ownerID, id int64, version int) (secret string, err error) {
	err = w.change(ctx, ownerID, id, "rotate", func(tx pgx.Tx, _ dbsqlc.WebhookEndpoint) (int64, error) {
		var wrapped []byte
		secret, wrapped = w.wrap.newSecret(id)
		return w.q.RotateSecret(ctx, tx, dbsqlc.RotateSecretParams{
			ID:       id,
			Version:  int32(version),
			Secret:   wrapped,
			OldUntil: w.deps.Now().Add(Overlap),
		})
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// Switch turns an endpoint on or off. Turning it off sets its pending messages aside, and they can be resent later.
// Errors: ErrNotFound, ErrMoved.
func (w *Webhooks) Switch(ctx context.Context, ownerID, id int64, version int, on bool) error {
	to := Off
	if on {
		to = On
	}
	return w.change(ctx, ownerID, id, string(to), func(tx pgx.Tx, _ dbsqlc.WebhookEndpoint) (int64, error) {
		return w.switchTx(ctx, tx, id, version, to)
	})
}

func (w *Webhooks) switchTx(ctx context.Context, tx pgx.Tx, id int64, version int, to State) (int64, error) {
	at := w.deps.Now()
	n, err := w.q.SwitchEndpoint(ctx, tx, dbsqlc.SwitchEndpointParams{
		ID:      id,
		Version: int32(version),
		State:   string(to),
		At:      at,
	})
	if err != nil || n == 0 || to == On {
		return n, err
	}
	return n, w.q.BuryPending(ctx, tx, dbsqlc.BuryPendingParams{EndpointID: id, At: at})
}

// SilenceTx switches all endpoints of an owner off, with what waits for them.
func (w *Webhooks) SilenceTx(ctx context.Context, tx pgx.Tx, ownerID int64) error {
	ids, err := w.q.SwitchOffAll(ctx, tx, w.owners.row(ownerID))
	if err != nil {
		return fmt.Errorf("switch off the webhooks of %d: %w", ownerID, err)
	}
	for _, id := range ids {
		if err := w.q.BuryPending(ctx, tx, dbsqlc.BuryPendingParams{EndpointID: id, At: w.deps.Now()}); err != nil {
			return fmt.Errorf("set messages to webhook %d aside: %w", id, err)
		}
	}
	return nil
}

// Remove deletes an endpoint with all messages that were sent to it. Errors: ErrNotFound, ErrMoved.
func (w *Webhooks) Remove(ctx context.Context, ownerID, id int64, version int) error {
	return w.change(ctx, ownerID, id, "remove", func(tx pgx.Tx, _ dbsqlc.WebhookEndpoint) (int64, error) {
		return w.q.DeleteEndpoint(ctx, tx, dbsqlc.DeleteEndpointParams{ID: id, Version: int32(version)})
	})
}

// change locks an endpoint of that owner and runs do, which returns how many rows it changed. If it changed none, the
// endpoint was at another version. verb says what is done, for the record of an operator's action. Errors: ErrNotFound, ErrMoved.
func (w *Webhooks) change(ctx context.Context, ownerID, id int64, verb string, do func(pgx.Tx,
	dbsqlc.WebhookEndpoint) (int64, error),
) error {
	return db.InTx(ctx, w.deps.Pool, func(tx pgx.Tx) error {
		e, err := w.ownedTx(ctx, tx, ownerID, id)
		if err != nil {
			return err
		}
		n, err := do(tx, e)
		if err == nil && n == 0 {
			return ErrMoved.Because("webhook %d is at version %d", id, e.Version)
		}
		if err != nil {
			return failed(err, "change webhook %d", id)
		}
		return w.recordTx(ctx, tx, ownerID, verb, e.Url)
	})
}

// List returns the endpoints of an owner, the oldest first.
func (w *Webhooks) List(ctx context.Context, ownerID int64) ([]Endpoint, error) {
	rows, err := w.q.Endpoints(ctx, w.deps.Pool, w.owners.row(ownerID))
	if err != nil {
		return nil, fmt.Errorf("webhooks of %d: %w", ownerID, err)
	}
	list := make([]Endpoint, len(rows))
	for n, r := range rows {
		list[n] = w.endpointOf(r)
	}
	return list, nil
}

// Get returns one endpoint of an owner. Errors: ErrNotFound, also for endpoints of others.
func (w *Webhooks) Get(ctx context.Context, ownerID, id int64) (Endpoint, error) {
	row, err := w.q.Endpoint(ctx, w.deps.Pool, dbsqlc.EndpointParams{ID: id, OwnerID: w.owners.row(ownerID)})
	if err != nil {
		return Endpoint{}, found(err, "webhook %d of %d", id, ownerID)
	}
	return w.endpointOf(row), nil
}

// found turns the absence of a row into ErrNotFound.
func found(err error, format string, args ...any) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound.Because(format, args...)
	}
	return failed(err, format, args...)
}

// failed wraps an error with what was being done. It returns nil for nil.
func failed(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
