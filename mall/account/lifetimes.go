package account

import (
	"time"
)

// Lifetimes say when the session of somebody who has signed in ends: Idle after their last visit, and at the latest Max
// after they signed in. Those of operators are shorter, since a stolen session of an operator could do more harm.
type Lifetimes struct {
	Idle, Max                 time.Duration
	OperatorIdle, OperatorMax time.Duration
}

// UsualLifetimes are the defaults.
var UsualLifetimes = Lifetimes{
	Idle:         30 * 24 * time.Hour,
	Max:          90 * 24 * time.Hour,
	OperatorIdle: 12 * time.Hour,
	OperatorMax:  7 * 24 * time.Hour,
}

// Within limits the lifetimes to most, which also becomes Max; 0 leaves them as they are.
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

func (l Lifetimes) of(roles Roles) (idle, most time.Duration) {
	if roles.Is(RoleOperator) {
		return l.OperatorIdle, l.OperatorMax
	}
	return l.Idle, l.Max
}

// slideEvery returns how old seen_at may become before a visit writes it, so that most visits write nothing.
func (l Lifetimes) slideEvery(roles Roles) time.Duration {
	idle, _ := l.of(roles)
	return min(time.Hour, idle/72)
}
