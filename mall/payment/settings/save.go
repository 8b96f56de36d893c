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

// Save checks and keeps the settings of a provider; version is the one that the operator saw, 0 for none. A secret that
// is left empty stays as it is. A provider that had none before is not offered yet. It counts in this process at once, and
// within seconds in all others. Errors: ErrUnknownProvider, ErrFixed, ErrMoved, ErrInvalid.
func (s *Settings) Save(ctx context.Context, actorID int64, provider string, version int,
	values map[string]string,
) error {
	k, err := s.kind(provider)
	if err != nil {
		return err
	}
	if slices.Contains(s.fixed, provider) {
		return ErrFixed.Because("%s", provider)
	}
	if err := db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		return s.saveTx(ctx, tx, actorID, k, version, values)
	}); err != nil {
		return err
	}
	return s.Apply(ctx)
}

func (s *Settings) saveTx(ctx context.Context, tx pgx.Tx, actorID int64, k Kind, version int,
	values map[string]string,
) error {
	row, err := s.q.LockSetting(ctx, tx, k.Provider)
	missing := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !missing {
		return fmt.Errorf("settings of %s: %w", k.Provider, err)
	}
	if int(row.Version) != version {
		return ErrMoved.Because("%s: version %d, not %d", k.Provider, row.Version, version)
	}
	old := map[string]string{}
	if !missing {
		if old, err = s.unseal(row); err != nil {
			old = map[string]string{} // the key has changed: everything has to be entered again
		}
	}
	next, changed, err := merge(k, old, values)
	if err != nil {
		return err
	}
	if _, err := k.Open(next); err != nil {
		return ErrInvalid.With("", err.Error()).Because("%s: %w", k.Provider, err)
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("settings of %s: %w", k.Provider, err)
	}
	sealed := s.box.Seal(raw, place(k.Provider))
	if missing {
		var n int64
		n, err = s.q.InsertSetting(ctx, tx, dbsqlc.InsertSettingParams{
			Provider:  k.Provider,
			Sealed:    sealed,
			UpdatedBy: actorID,
			At:        s.deps.Now(),
		})
		if err == nil && n == 0 {
			return ErrMoved.Because("%s: somebody else was first", k.Provider)
		}
	} else {
		err = s.q.UpdateSetting(ctx, tx, dbsqlc.UpdateSettingParams{
			Provider:  k.Provider,
			Sealed:    sealed,
			Offered:   row.Offered,
			UpdatedBy: actorID,
			At:        s.deps.Now(),
		})
	}
	if err != nil {
		return fmt.Errorf("settings of %s: %w", k.Provider, err)
	}
	return s.deps.Audit(ctx, tx, actorID, "payment.settings", "payment_provider:"+k.Provider,
		map[string]any{"changed": changed})
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

// Offer says whether shoppers may choose a provider. Errors: ErrUnknownProvider, ErrFixed, ErrNotSet, ErrMoved.
func (s *Settings) Offer(ctx context.Context, actorID int64, provider string, version int, offered bool) error {
	if _, err := s.kind(provider); err != nil {
		return err
	}
	if slices.Contains(s.fixed, provider) {
		return ErrFixed.Because("%s", provider)
	}
	if err := db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		row, err := s.q.LockSetting(ctx, tx, provider)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return ErrNotSet.Because("%s", provider)
		case err != nil:
			return fmt.Errorf("settings of %s: %w", provider, err)
		case int(row.Version) != version:
			return ErrMoved.Because("%s: version %d, not %d", provider, row.Version, version)
		case row.Offered == offered:
			return nil
		}
		if err := s.q.UpdateSetting(ctx, tx, dbsqlc.UpdateSettingParams{
			Provider:  provider,
			Sealed:    row.Sealed,
			Offered:   offered,
			UpdatedBy: actorID,
			At:        s.deps.Now(),
		}); err != nil {
			return fmt.Errorf("offer %s: %w", provider, err)
		}
		return s.deps.Audit(ctx, tx, actorID, "payment.offer", "payment_provider:"+provider,
			map[string]any{"offered": offered})
	}); err != nil {
		return err
	}
	return s.Apply(ctx)
}
