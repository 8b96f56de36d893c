package settings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/money"
	"videomall/mall/payment/settings/internal/dbsqlc"
)

// maxField is more than a certificate chain or a list of keys has, in bytes.
const maxField = 32 << 10

// change is what becomes of the settings of a provider, and how the audit log calls it. An empty verb changes nothing.
type change struct {
	sealed  []byte
	offered bool
	verb    string
	detail  map[string]any
}

// Save checks and keeps the settings of a provider; version is the one that the operator saw, 0 for none. A secret that
// is left empty stays as it is. A provider that had none before is not offered yet. It counts in this process at once,
// and within seconds in all others. Errors: ErrUnknownProvider, ErrFixed, ErrMoved, ErrInvalid.
func (s *Settings) Save(ctx context.Context, actorID int64, provider string, version int,
	values map[string]string,
) error {
	return s.change(ctx, actorID, provider, version, func(k Kind, row dbsqlc.PaymentSetting) (change, error) {
		old := map[string]string{}
		if row.Version > 0 {
			// With another key than they were sealed with, everything has to be entered again.
			if known, err := s.unseal(row); err == nil {
				old = known
			}
		}
		next, changed, err := merge(k, old, values)
		if err != nil {
			return change{}, err
		}
		if _, err := k.Open(next); err != nil {
			return change{}, ErrInvalid.With("", err.Error()).Because("%s: %w", provider, err)
		}
		raw, err := json.Marshal(next)
		if err != nil {
			return change{}, fmt.Errorf("settings of %s: %w", provider, err)
		}
		return change{
			sealed:  s.box.Seal(raw, place(provider)),
			offered: row.Offered,
			verb:    "payment.settings",
			detail:  map[string]any{"changed": changed},
		}, nil
	})
}

// Offer says whether shoppers may choose a provider. Errors: ErrUnknownProvider, ErrFixed, ErrNotSet, ErrMoved.
func (s *Settings) Offer(ctx context.Context, actorID int64, provider string, version int, offered bool) error {
	return s.change(ctx, actorID, provider, version, func(_ Kind, row dbsqlc.PaymentSetting) (change, error) {
		switch {
		case row.Version == 0:
			return change{}, ErrNotSet.Because("%s", provider)
		case row.Offered == offered:
			return change{}, nil
		}
		return change{
			sealed:  row.Sealed,
			offered: offered,
			verb:    "payment.offer",
			detail:  map[string]any{"offered": offered},
		}, nil
	})
}

// change changes the settings of a provider, if they are still those that the operator saw, and applies all settings.
// next gets the zero row for a provider without settings.
func (s *Settings) change(ctx context.Context, actorID int64, provider string, version int,
	next func(Kind, dbsqlc.PaymentSetting) (change, error),
) error {
	k, err := s.Kind(provider)
	if err != nil {
		return err
	}
	if slices.Contains(s.fixed, provider) {
		return ErrFixed.Because("%s", provider)
	}
	if err := db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		row, err := s.q.LockSetting(ctx, tx, provider)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("settings of %s: %w", provider, err)
		}
		if int(row.Version) != version {
			return ErrMoved.Because("%s: version %d, not %d", provider, row.Version, version)
		}
		c, err := next(k, row)
		if err != nil || c.verb == "" {
			return err
		}
		put, err := s.q.PutSetting(ctx, tx, dbsqlc.PutSettingParams{
			Provider:  provider,
			Sealed:    c.sealed,
			Offered:   c.offered,
			UpdatedBy: actorID,
			At:        s.deps.Now(),
			Version:   row.Version,
		})
		switch {
		case err != nil:
			return fmt.Errorf("settings of %s: %w", provider, err)
		case put == 0:
			return ErrMoved.Because("%s: somebody else was first", provider)
		}
		return s.deps.Audit(ctx, tx, actorID, c.verb, "payment_provider:"+provider, c.detail)
	}); err != nil {
		return err
	}
	return s.Apply(ctx)
}

// NoteTest writes into the audit log that somebody begins a test payment.
func (s *Settings) NoteTest(ctx context.Context, actorID int64, provider string, sum money.Money) error {
	return db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		return s.deps.Audit(ctx, tx, actorID, "payment.test", "payment_provider:"+provider, map[string]any{"sum": sum})
	})
}

// merge returns the settings that follow from old ones and a form, and the names of those that differ.
func merge(k Kind, old, form map[string]string) (next map[string]string, changed []string, err error) {
	next = map[string]string{}
	wrong := ErrInvalid
	for _, f := range k.Fields {
		value := strings.TrimSpace(strings.ReplaceAll(form[f.Name], "\r\n", "\n"))
		switch {
		case value == "" && f.Secret:
			value = old[f.Name]
		case len(value) > maxField:
			wrong = wrong.With(f.Name, "long")
		case !f.Lines && strings.Contains(value, "\n"):
			wrong = wrong.With(f.Name, "lines")
		}
		if value == "" && !f.Optional && !f.Switch {
			wrong = wrong.With(f.Name, "required")
		}
		if value != old[f.Name] {
			changed = append(changed, f.Name)
		}
		next[f.Name] = value
	}
	if len(wrong.Fields) > 0 {
		return nil, nil, wrong
	}
	return next, changed, nil
}
