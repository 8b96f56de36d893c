package account

import "slices"

// The roles that an account can have, any number of them, besides shopping, which everybody may. A creator sells videos.
// The others are the duties of operators, each of which opens its own pages of the console; docs/permissions.md lists
// them.
const (
	RoleCreator  = "creator"
	DutyOrders   = "orders"   // orders, refunds, disputes, invoices
	DutyMoney    = "money"    // payouts, the books, reconciliation, taxes, currencies
	DutyReview   = "review"   // the review desk, takedowns, appeals
	DutyPeople   = "people"   // accounts, their roles, the lists, the audit log
	DutySettings = "settings" // payment providers, campaigns and coupons of the mall, site pages, dead letters
)

// The words for people by what they may do. They are no roles: nobody is given them.
const (
	RoleShopper  = "shopper"  // has no role
	RoleOperator = "operator" // has at least one duty
)

// Duties returns all duties of operators.
func Duties() Roles { return Roles{DutyOrders, DutyMoney, DutyReview, DutyPeople, DutySettings} }

// AllRoles returns every role that can be given.
func AllRoles() Roles { return append(Roles{RoleCreator}, Duties()...) }

// Roles are what a person may do besides shopping.
type Roles []string

// RolesOf returns the roles behind a word: none for RoleShopper, all duties for RoleOperator, and else that role alone.
func RolesOf(word string) Roles {
	switch word {
	case RoleShopper, "":
		return nil
	case RoleOperator:
		return Duties()
	}
	return Roles{word}
}

// Has reports whether a role is among them.
func (r Roles) Has(role string) bool { return slices.Contains(r, role) }

// Is reports whether a person with these roles is that: a role, RoleShopper or RoleOperator.
func (r Roles) Is(word string) bool {
	switch word {
	case RoleShopper:
		return len(r) == 0
	case RoleOperator:
		return len(r.Duties()) > 0
	}
	return r.Has(word)
}

// Duties returns the duties among them, in the order of Duties.
func (r Roles) Duties() Roles { return r.of(Duties()) }

// Words returns the words by which people are shown: the roles in the order of AllRoles, or RoleShopper for none.
func (r Roles) Words() []string {
	if len(r) == 0 {
		return []string{RoleShopper}
	}
	return r.of(AllRoles())
}

// Without returns the roles that the others do not have, in the order of AllRoles.
func (r Roles) Without(others Roles) Roles {
	return slices.DeleteFunc(r.of(AllRoles()), others.Has)
}

// Same reports whether both are the same roles, in whatever order.
func (r Roles) Same(others Roles) bool { return slices.Equal(r.of(AllRoles()), others.of(AllRoles())) }

// of returns those of all that are among the roles.
func (r Roles) of(all Roles) Roles {
	return slices.DeleteFunc(slices.Clone(all), func(role string) bool { return !r.Has(role) })
}
