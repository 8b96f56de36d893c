package account

import (
	"time"
)

// Lifetimes say when a session of somebody who signed in ends: Idle after their last visit, and Max after they signed
// in, however often they came. Those of operators are shorter, since what a stolen one could do is more.
type Lifetimes struct {
	Idle, Max                 time.Duration
	OperatorIdle, OperatorMax time.Duration
}

// UsualLifetimes are those of a mall that was told nothing else.
var UsualLifetimes = Lifetimes{
	Idle:         30 * 24 * time.Hour,
	Max:          90 * 24 * time.Hour,
	OperatorIdle: 12 * time.Hour,
	OperatorMax:  7 * 24 * time.Hour,
}

// Within cuts the lifetimes to a longest one; 0 leaves them as they are.
func (l Lifetimes) Within(most time.Duration) Lifetimes {
	if most <= 0 {
		return l
	}
	return Lifetimes{
		Idle:         min(l.Idle, most),
		Max:          most,
		OperatorIdle: min(l.OperatorIdle, most),
		OperatorMax:  min(l.OperatorMax, most),
	}
}

func (l Lifetimes) of(role string) (idle, most time.Duration) {
	if role == RoleOperator {
		return l.OperatorIdle, l.OperatorMax
	}
	return l.Idle, l.Max
}

// slideEvery is how stale seen_at may be, so that a visit is rarely a write.
func (l Lifetimes) slideEvery(role string) time.Duration {
	idle, _ := l.of(role)
	return min(time.Hour, idle/72)
}
