package payment

import (
	"context"
	"log/slog"
	"slices"

	"videomall/mall/money"
)

// Configured is a provider that was configured while the mall runs.
type Configured struct {
	Provider
	// Offered says that shoppers may choose it. One that is not offered still settles what was begun with it, and takes
	// test payments.
	Offered bool
}

// providers are the providers by name, and the names in the order in which they are offered: those configured while the
// mall runs before those it was started with.
type providers struct {
	byName map[string]*guarded
	names  []string
	hidden map[string]bool
}

func startedWith(d Deps) providers {
	all := providers{byName: map[string]*guarded{}}
	for _, provider := range d.Providers {
		all.byName[provider.Name()] = guard(provider, d)
		all.names = append(all.names, provider.Name())
	}
	return all
}

func (p *Payments) all() providers {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.providers
}

// Configure replaces the providers that were configured while the mall runs. Those that it was started with stay, and
// one of them is not replaced by another of its name. A provider that is the same as before keeps its health.
func (p *Payments) Configure(set []Configured) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.providers.byName
	next := providers{byName: map[string]*guarded{}, hidden: map[string]bool{}}
	var started []string
	for _, provider := range p.deps.Providers {
		name := provider.Name()
		next.byName[name] = old[name]
		started = append(started, name)
	}
	for _, c := range set {
		name := c.Name()
		if slices.Contains(started, name) {
			continue
		}
		if next.byName[name] = old[name]; next.byName[name] == nil || next.byName[name].Provider != c.Provider {
			next.byName[name] = guard(c.Provider, p.deps)
		}
		next.hidden[name] = !c.Offered
		next.names = append(next.names, name)
	}
	next.names = append(next.names, started...)
	p.providers = next
}

// Provider finds a provider by its name, whether it is offered or not. Errors: ErrUnknownProvider.
func (p *Payments) Provider(name string) (Provider, error) {
	provider, err := p.guarded(name)
	if err != nil {
		return nil, err // and no *guarded that is nil, which would be a Provider
	}
	return provider, nil
}

// guarded is Provider, with the calls that not every provider has.
func (p *Payments) guarded(name string) (*guarded, error) {
	provider, ok := p.all().byName[name]
	if !ok {
		return nil, ErrUnknownProvider.Because("provider %q", name)
	}
	return provider, nil
}

// Providers lists the names of all providers in the order in which they are offered.
func (p *Payments) Providers() []string { return slices.Clone(p.all().names) }

// Offered lists the providers that can take exactly this sum from a payer with the device, in their order. It leaves out
// those that are not offered, and those that fail at the moment, unless all of them do: an attempt may succeed after all.
func (p *Payments) Offered(d Device, sum money.Money) []string {
	var fit, well []string
	all := p.all()
	fits := func(m Method) bool { return m.Fits(d, sum.Currency) && m.Takes(sum) }
	for _, name := range all.names {
		provider := all.byName[name]
		if all.hidden[name] || !slices.ContainsFunc(provider.Methods(), fits) {
			continue
		}
		fit = append(fit, name)
		if !provider.resting() {
			well = append(well, name)
		}
	}
	if len(well) == 0 {
		return fit
	}
	return well
}

// Taker is a provider that takes a currency.
type Taker struct {
	Name string
	// Multiple is what its sums must be a multiple of, in minor units: 1 if it takes every sum.
	Multiple int64
	// Least is the smallest sum that it takes, in minor units; 0 if it publishes none.
	Least int64
}

// Takes reports whether it takes a sum of its currency, in minor units.
func (t Taker) Takes(amount int64) bool { return amount%t.Multiple == 0 && amount >= t.Least }

// Takers lists the providers that shoppers are offered and that take a currency on some device, in their order, whether
// they are well at the moment or not.
func (p *Payments) Takers(currency string) []Taker {
	var list []Taker
	all := p.all()
	for _, name := range all.names {
		if all.hidden[name] {
			continue
		}
		t := Taker{Name: name}
		for _, m := range all.byName[name].Methods() {
			if len(m.Currencies) > 0 && !slices.Contains(m.Currencies, currency) {
				continue
			}
			n, least := m.multiple(currency), m.Least[currency]
			if t.Multiple == 0 {
				t.Multiple, t.Least = n, least
			}
			t.Multiple, t.Least = min(t.Multiple, n), min(t.Least, least)
		}
		if t.Multiple > 0 {
			list = append(list, t)
		}
	}
	return list
}

// GivesBack reports whether a provider can give back exactly this sum, by some way to pay; true for one that is not known
// any more.
func (p *Payments) GivesBack(provider string, sum money.Money) bool {
	known, ok := p.all().byName[provider]
	return !ok || slices.ContainsFunc(known.Methods(), func(m Method) bool { return m.Moves(sum) })
}

// Hidden reports whether a provider is not offered to shoppers.
func (p *Payments) Hidden(name string) bool { return p.all().hidden[name] }

// Origins lists where the providers' pages are, for the policy of pages whose forms lead there.
func (p *Payments) Origins() []string {
	var list []string
	for _, provider := range p.all().byName {
		for _, m := range provider.Methods() {
			list = append(list, m.Origins...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Health tells how each provider fared lately, as this process saw it.
func (p *Payments) Health() []Health {
	all := p.all()
	list := make([]Health, len(all.names))
	for n, name := range all.names {
		list[n] = all.byName[name].health()
		list[n].Hidden = all.hidden[name]
	}
	return list
}

// Refresh has each provider that was not asked to before fetch what it needs to verify notices, such as certificates, so
// that the first notice finds them. What fails is logged, and fetched by the provider's next call.
func (p *Payments) Refresh(ctx context.Context, log *slog.Logger) {
	for _, g := range p.all().byName {
		fetches, ok := g.Provider.(interface{ Refresh(context.Context) error })
		if !ok || !g.fetched.CompareAndSwap(false, true) {
			continue
		}
		if err := g.call(ctx, "refresh", fetches.Refresh); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "certificates of a provider not fetched", "provider", g.Name(), "error", err)
		}
	}
}
