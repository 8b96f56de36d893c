package ledger_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/calendar"
	"videomall/mall/exchange"
	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/test/invariant"
)

var minor = map[string]int64{"CNY": 100, "JPY": 1, "KWD": 1000}

// model calculates with fractions what the books should say. It knows neither postings nor how the ledger rounds.
type model struct {
	*house
	x      *exchange.Exchange
	random *rand.Rand
	rates  map[string]*big.Rat // of today, units for one yuan
	sold   []*sold
	held   map[string]int64 // the position: minor units by currency, without revaluations
	gain   *big.Rat         // in fen
	n      int
}

type sold struct {
	source, currency string
	creatorID        int64
	amount, back     int64
	refunds          map[string]int64 // those that stand, by number
	cleared          bool
	wants            string // the settlement currency on clearing; empty: as sold
	settled          int64
}

// fen returns what a sum is worth today.
func (m *model) fen(amount int64, currency string) *big.Rat {
	v := new(big.Rat).Quo(big.NewRat(amount*100, minor[currency]), m.rates[currency])
	return v
}

func nearest(r *big.Rat) int64 {
	half := big.NewRat(1, 2) // sums are above zero
	sum := new(big.Rat).Add(r, half)
	return new(big.Int).Quo(sum.Num(), sum.Denom()).Int64()
}

// moves changes the position, and counts what the change is worth today as a loss.
func (m *model) moves(amount int64, currency string) {
	m.held[currency] += amount
	m.gain.Sub(m.gain, m.fen(amount, currency))
}

func (m *model) sells() {
	currency := []string{"CNY", "JPY", "KWD"}[m.random.IntN(3)]
	s := &sold{
		source:    fmt.Sprintf("o%d/1", m.n),
		currency:  currency,
		creatorID: []int64{cara, dan}[m.random.IntN(2)],
		amount:    1 + m.random.Int64N(minor[currency]*50),
		refunds:   map[string]int64{},
	}
	m.n++
	m.sold = append(m.sold, s)
	p := part(s.source, 0)
	p.CreatorID, p.Amount = s.creatorID, money.Of(s.amount, currency)
	m.tx(func(tx pgx.Tx) error {
		return m.books.SaleTx(m.ctx, tx, ledger.Sale{
			Reference: "bank/" + s.source,
			Channel:   "bank",
			Amount:    p.Amount,
			Parts:     []ledger.Part{p},
		})
	})
}

// refunds takes a sum back, in one part or the rest.
func (m *model) takes(s *sold, amount int64) {
	if amount == 0 {
		return
	}
	no := fmt.Sprintf("R%d", m.n)
	m.n++
	m.tracks(s, func() {
		sum := money.Of(amount, s.currency)
		m.tx(func(tx pgx.Tx) error {
			return m.books.RefundTx(m.ctx, tx, ledger.Refund{
				Reference: no,
				Amount:    sum,
				Parts:     []ledger.RefundPart{{Source: s.source, Amount: sum}},
			})
		})
		s.refunds[no], s.back = amount, s.back+amount
	})
}

func (m *model) fails(s *sold) {
	for no, amount := range s.refunds {
		m.tracks(s, func() {
			m.house.fails(no)
			delete(s.refunds, no)
			s.back -= amount
		})
		return
	}
}

// stands is what an earning says of itself.
type stands struct {
	Share, Left, Settled, Owed int64
	Currency                   string
	Cleared                    bool
}

func (m *model) stands(s *sold) (e stands) {
	m.Helper()
	m.ok(m.pool.QueryRow(m.ctx, `select amount - fee, amount - fee - amount_back + fee_back, coalesce(settled, 0),
		coalesce(settled - settled_back, 0), coalesce(settled_currency, ''), cleared_at is not null
		from ledger_earning where source = $1`, s.source).
		Scan(&e.Share, &e.Left, &e.Settled, &e.Owed, &e.Currency, &e.Cleared))
	return e
}

// tracks follows what an action does to the position by a converted earning.
func (m *model) tracks(s *sold, do func()) {
	m.Helper()
	before := m.stands(s)
	do()
	after := m.stands(s)
	if before.Currency != "" {
		m.moves(before.Left-after.Left, s.currency)
		m.moves(after.Owed-before.Owed, after.Currency)
	}
}

func (m *model) clears(settlement map[int64]string) {
	m.Helper()
	m.house.clears()
	for _, s := range m.sold {
		e := m.stands(s)
		if s.cleared || !e.Cleared {
			continue
		}
		s.cleared, s.wants = true, settlement[s.creatorID]
		if s.wants == s.currency || e.Share == 0 {
			s.wants = ""
		}
		if e.Currency != s.wants {
			m.Fatalf("%s of %s cleared in %q, not %q", s.source, s.currency, e.Currency, s.wants)
		}
		if s.wants == "" {
			continue
		}
		fen := m.fen(e.Share, s.currency)
		s.settled = nearest(fen.Mul(fen, new(big.Rat).Mul(m.rates[s.wants], big.NewRat(minor[s.wants], 100))))
		if e.Settled != s.settled {
			m.Errorf("%d %s became %d %s, want %d", e.Share, s.currency, e.Settled, s.wants, s.settled)
		}
		m.moves(-e.Left, s.currency)
		m.moves(e.Owed, s.wants)
	}
}

// exchanges sells some of a currency to a bank, which keeps a hundredth.
func (m *model) exchanges() {
	from, to := "JPY", "CNY"
	if m.random.IntN(2) == 0 {
		from, to = "CNY", "KWD"
	}
	sold := minor[from] * (100 + m.random.Int64N(100))
	worth := m.fen(sold, from)
	bought := nearest(worth.Mul(worth, new(big.Rat).Mul(m.rates[to], big.NewRat(minor[to]*99, 100*100))))
	m.n++
	for range 2 { // the second click books nothing
		m.ok(m.books.RecordExchange(m.ctx, calendar.UTC, ledger.BankExchange{
			Sold:      money.Of(sold, from),
			Bought:    money.Of(bought, to),
			Reference: fmt.Sprint("bank ", m.n),
			Day:       calendar.UTC.DayOf(m.now()),
			ActorID:   olga,
		}, fmt.Sprint(m.n)))
	}
	m.moves(sold, from)
	m.moves(-bought, to)
}

// ends the day: what the position lost or gained by the new rates counts tomorrow.
func (m *model) ends() {
	m.Helper()
	h := m.now()
	m.at.Store(h.Truncate(day).Add(day + time.Minute).UnixMicro())
	for range 2 {
		m.ok(m.books.Revalue(m.ctx, calendar.UTC))
	}
	var bookings int64
	m.ok(m.pool.QueryRow(m.ctx, `select count(*) from ledger_posting where kind = 'revaluation'`).Scan(&bookings))
	var result int64
	m.ok(m.pool.QueryRow(m.ctx, `select coalesce(sum(-amount), 0)::bigint from ledger_line
		where account = 'exchange_result' and currency = 'CNY'`).Scan(&result))
	off := new(big.Rat).Sub(m.gain, big.NewRat(result, 1))
	if off.Abs(off).Cmp(big.NewRat(max(bookings, 1), 1)) > 0 || off.Cmp(big.NewRat(1, 2)) > 0 {
		m.Errorf("the books say a gain of %d, the model of %s", result, m.gain.FloatString(3))
	}
	for _, c := range []string{"JPY", "KWD"} {
		before := m.fen(m.held[c], c)
		change := big.NewRat(900+m.random.Int64N(200), 1000)
		next := new(big.Rat).Mul(m.rates[c], change).FloatString(9)
		m.rates[c].SetString(next)
		m.rate(m.x, c, next)
		m.gain.Add(m.gain, new(big.Rat).Sub(before, m.fen(m.held[c], c)))
	}
}

func TestLedger_Revalue_random_days(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h, x := rated(t, map[string]string{"JPY": "21.5", "KWD": "0.0428"})
			m := &model{
				house:  h,
				x:      x,
				random: rand.New(rand.NewPCG(seed, 7)),
				rates:  map[string]*big.Rat{"CNY": big.NewRat(1, 1), "JPY": big.NewRat(215, 10), "KWD": big.NewRat(428, 10000)},
				held:   map[string]int64{},
				gain:   new(big.Rat),
			}
			settlement := map[int64]string{}
			for range 24 {
				for range 6 {
					m.act(settlement)
				}
				m.ends()
				m.advance(10 * time.Hour)
			}
			invariant.Check(t, m.pool, false)
			m.zero()
			m.statement()
			for _, s := range m.sold {
				m.takes(s, s.amount-s.back)
				if e := m.stands(s); e.Owed != 0 || e.Left != 0 {
					t.Errorf("%s was refunded and still has %+v", s.source, e)
				}
			}
			m.advance(8 * day)
			m.clears(settlement)
			for _, id := range []int64{cara, dan} {
				accounts, err := m.books.AccountsOf(m.ctx, id)
				m.ok(err)
				for _, a := range accounts {
					if a.Owed() != 0 || a.Available != 0 {
						t.Errorf("everything was refunded, and creator %d has %+v", id, a)
					}
				}
			}
			m.ends()
			m.zero()
			m.statement()
			invariant.Check(t, m.pool, false)
		})
	}
}

// act does one thing of a day.
func (m *model) act(settlement map[int64]string) {
	m.advance(time.Duration(m.random.IntN(120)) * time.Minute)
	var s *sold
	if len(m.sold) > 0 {
		s = m.sold[m.random.IntN(len(m.sold))]
	}
	switch n := m.random.IntN(12); {
	case s == nil || n < 5:
		m.sells()
	case n < 7:
		m.takes(s, m.random.Int64N(s.amount-s.back+1))
	case n == 7:
		m.takes(s, s.amount-s.back)
	case n == 8:
		m.fails(s)
	case n == 9:
		m.clears(settlement)
	case n == 10:
		m.exchanges()
	default:
		id, to := []int64{cara, dan}[m.random.IntN(2)], []string{"", "CNY", "JPY", "KWD"}[m.random.IntN(4)]
		m.ok(m.books.SetSettlement(m.ctx, id, to))
		settlement[id] = to
	}
}
