// Package settings owns what operators enter in the console about payment providers: it checks the settings, keeps them
// encrypted, and gives the providers that they describe to package payment, in every process of the mall. It knows the
// names of settings; what they mean, and how a provider is made of them, it is told.
package settings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/fault"
	"videomall/mall/payment"
	"videomall/mall/payment/settings/internal/dbsqlc"
	"videomall/mall/seal"
)

// The faults of settings. ErrInvalid has a word for each field that is wrong: "required", "long" or "lines"; and the
// reason under "" for settings that the provider does not accept together.
var (
	ErrUnknownProvider = fault.New(fault.NotFound, "unknown_provider", "There is no such provider to configure.")
	ErrFixed           = fault.New(fault.Conflict, "settings_fixed",
		"This provider is configured by the environment of the mall.")
	ErrMoved = fault.New(fault.Conflict, "settings_moved",
		"Somebody else has changed these settings since you looked.")
	ErrInvalid = fault.New(fault.Invalid, "settings_invalid", "These settings can't be used.")
	ErrNotSet  = fault.New(fault.Conflict, "settings_missing", "This provider has no settings yet.")
)

// Field is one setting of a provider.
type Field struct {
	Name     string // as the forms have it, "secret_key"
	Secret   bool   // never shown again
	Lines    bool   // has several lines
	Optional bool
	Switch   bool // "on" or empty
}

// Kind is a provider that can be configured. Open makes the provider of values by field, and refuses those that it
// could not work with; its errors hold no secrets.
type Kind struct {
	Provider string
	Fields   []Field
	Open     func(values map[string]string) (payment.Provider, error)
}

// Deps are the dependencies of Settings.
type Deps struct {
	Pool     *pgxpool.Pool
	Now      func() time.Time
	Log      *slog.Logger
	Key      []byte // 32 bytes, which encrypt the settings
	Kinds    []Kind // in the order in which they are offered
	Payments *payment.Payments
	// Audit records an action of staff in the transaction of the action.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
}

// Settings keeps the settings of providers. It is safe for concurrent use.
type Settings struct {
	deps  Deps
	box   seal.Box
	q     *dbsqlc.Queries
	fixed []string

	mu   sync.Mutex
	open map[string]opened
}

// opened is a provider as it was made of its settings.
type opened struct {
	sealed   []byte           // the settings, as they are stored
	provider payment.Provider // nil if it could not be made
}

// New returns Settings. A kind whose name a provider of Payments has already is configured by the environment, and
// can't be changed here. It fails if the key does not have 32 bytes.
func New(d Deps) (*Settings, error) {
	box, err := seal.New(d.Key)
	if err != nil {
		return nil, fmt.Errorf("settings of providers: %w", err)
	}
	return &Settings{
		deps:  d,
		box:   box,
		q:     dbsqlc.New(),
		fixed: d.Payments.Providers(),
		open:  map[string]opened{},
	}, nil
}

// Kind returns a provider that can be configured. Errors: ErrUnknownProvider.
func (s *Settings) Kind(provider string) (Kind, error) {
	for _, k := range s.deps.Kinds {
		if k.Provider == provider {
			return k, nil
		}
	}
	return Kind{}, ErrUnknownProvider.Because("provider %q", provider)
}

func place(provider string) string { return "payment_setting/" + provider }

func (s *Settings) unseal(row dbsqlc.PaymentSetting) (map[string]string, error) {
	raw, err := s.box.Open(row.Sealed, place(row.Provider))
	if err != nil {
		return nil, fmt.Errorf("settings of %s: %w", row.Provider, err)
	}
	values := map[string]string{}
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, fmt.Errorf("settings of %s: %w", row.Provider, err)
	}
	return values, nil
}

// Setting is what is known of one provider that can be configured.
type Setting struct {
	Kind      Kind
	Fixed     bool              // by the environment
	Version   int               // 0 for one that has no settings yet
	Values    map[string]string // of the fields that are no secrets
	Set       map[string]bool   // which fields have a value
	Offered   bool
	UpdatedAt time.Time
	UpdatedBy int64
	Problem   string // why the settings can't be used; empty if they can
}

// List reads the settings of all kinds, in their order.
func (s *Settings) List(ctx context.Context) ([]Setting, error) {
	rows, err := s.q.Settings(ctx, s.deps.Pool)
	if err != nil {
		return nil, fmt.Errorf("settings of providers: %w", err)
	}
	list := make([]Setting, len(s.deps.Kinds))
	for n, k := range s.deps.Kinds {
		list[n] = s.settingOf(k, rowOf(rows, k.Provider))
	}
	return list, nil
}

// Of reads the settings of one provider. Errors: ErrUnknownProvider.
func (s *Settings) Of(ctx context.Context, provider string) (Setting, error) {
	k, err := s.Kind(provider)
	if err != nil {
		return Setting{}, err
	}
	row, err := s.q.Setting(ctx, s.deps.Pool, provider)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Setting{}, fmt.Errorf("settings of %s: %w", provider, err)
	}
	return s.settingOf(k, row), nil
}

// rowOf finds the row of a provider; the zero row stands for none.
func rowOf(rows []dbsqlc.PaymentSetting, provider string) dbsqlc.PaymentSetting {
	for _, row := range rows {
		if row.Provider == provider {
			return row
		}
	}
	return dbsqlc.PaymentSetting{}
}

// settingOf describes the settings of a kind; the zero row stands for none.
func (s *Settings) settingOf(k Kind, row dbsqlc.PaymentSetting) Setting {
	set := Setting{Kind: k, Fixed: slices.Contains(s.fixed, k.Provider)}
	if row.Version == 0 {
		return set
	}
	set.Version, set.Offered = int(row.Version), row.Offered
	set.UpdatedAt, set.UpdatedBy = row.UpdatedAt, row.UpdatedBy
	set.Values, set.Set = map[string]string{}, map[string]bool{}
	values, err := s.unseal(row)
	if err == nil {
		_, err = set.Kind.Open(values)
	}
	if err != nil {
		set.Problem = err.Error()
	}
	for _, f := range set.Kind.Fields {
		set.Set[f.Name] = values[f.Name] != ""
		if !f.Secret {
			set.Values[f.Name] = values[f.Name]
		}
	}
	return set
}
