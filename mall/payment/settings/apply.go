package settings

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/settings/internal/dbsqlc"
)

// applyEvery is how often a process looks for settings that another one has changed.
const applyEvery = 5 * time.Second

// Apply makes the providers of the present settings, and gives them to package payment. Settings that can't be used
// leave the provider as it was, or out if there was none, and are logged once.
func (s *Settings) Apply(ctx context.Context) error {
	s.mu.Lock() // before they are read, so that nothing older is applied later
	defer s.mu.Unlock()
	rows, err := s.q.Settings(ctx, s.deps.Pool)
	if err != nil {
		return fmt.Errorf("settings of providers: %w", err)
	}
	var list []payment.Configured
	for _, k := range s.deps.Kinds {
		row := rowOf(rows, k.Provider)
		if row.Version == 0 || slices.Contains(s.fixed, k.Provider) {
			continue
		}
		now := s.open[k.Provider]
		if !bytes.Equal(now.sealed, row.Sealed) {
			now.sealed = row.Sealed
			if made, err := s.make(k, row); err == nil {
				now.provider = made
			} else {
				s.deps.Log.ErrorContext(ctx, "settings of a provider can't be used", "provider", k.Provider,
					"error", err)
			}
			s.open[k.Provider] = now
		}
		if now.provider != nil {
			list = append(list, payment.Configured{Provider: now.provider, Offered: row.Offered})
		}
	}
	s.deps.Payments.Configure(list)
	return nil
}

func (s *Settings) make(k Kind, row dbsqlc.PaymentSetting) (payment.Provider, error) {
	values, err := s.unseal(row)
	if err != nil {
		return nil, err
	}
	return k.Open(values)
}

// Watch applies what other processes change, until ctx ends. While the database does not answer, the providers stay as
// they are. It has providers fetch what they need for notices, first at once and then for those that are new.
func (s *Settings) Watch(ctx context.Context) {
	s.deps.Payments.Refresh(ctx, s.deps.Log)
	tick := time.NewTicker(applyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.Apply(ctx); err != nil && ctx.Err() == nil {
				s.deps.Log.ErrorContext(ctx, "settings of providers not read", "error", err)
			}
			s.deps.Payments.Refresh(ctx, s.deps.Log)
		}
	}
}
