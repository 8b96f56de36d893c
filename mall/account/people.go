package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
)

// MaxQuery is the longest query in bytes, which is that of an email.
const MaxQuery = maxEmail

// Person is somebody with an account as the staff see them. Locked says that whoever runs the mall has locked the
// account, which no entry of the access lists overrules.
type Person struct {
	User
	Locked bool
}

// PeopleFilter chooses people; zero values choose all.
type PeopleFilter struct {
	Query  string  // the beginning of an email or a name, or an id
	Role   string  // a role, or RoleShopper or RoleOperator
	Only   []int64 // only these, unless it is nil
	Before int64   // an id; only people with a smaller one are chosen
	Most   int
}

func (f PeopleFilter) params() dbsqlc.PeopleParams {
	return dbsqlc.PeopleParams{
		BeforeID:  f.Before,
		ByRole:    f.Role != "" && f.Role != RoleShopper,
		WithRoles: RolesOf(f.Role),
		NoRole:    f.Role == RoleShopper,
		OnlyIds:   f.Only != nil,
		Ids:       f.Only,
		Most:      int32(f.Most),
	}
}

// People lists the people whom a filter chooses, the newest first.
func (a *Accounts) People(ctx context.Context, f PeopleFilter) ([]Person, error) {
	p := f.params()
	switch q := strings.TrimSpace(f.Query); {
	case q == "":
	case !sayable(q):
		return nil, nil
	case strings.Contains(q, "@"):
		p.EmailFrom, p.EmailTo = db.Prefix(normalEmail(q))
	default:
		if id, err := strconv.ParseInt(q, 10, 64); err == nil {
			return a.peopleNumbered(ctx, f, id)
		}
		return a.peopleCalled(ctx, p, q)
	}
	rows, err := a.q.People(ctx, a.pool, p)
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	return persons(rows), nil
}

// peopleCalled finds people whose email or name begins with q. It merges the two ranges by id.
func (a *Accounts) peopleCalled(ctx context.Context, p dbsqlc.PeopleParams, q string) ([]Person, error) {
	byEmail, byName := p, p
	byEmail.EmailFrom, byEmail.EmailTo = db.Prefix(normalEmail(q))
	byName.NameFrom, byName.NameTo = db.Prefix(strings.ToLower(normalName(q)))
	emails, err := a.q.People(ctx, a.pool, byEmail)
	if err != nil {
		return nil, fmt.Errorf("list people by email: %w", err)
	}
	names, err := a.q.People(ctx, a.pool, byName)
	if err != nil {
		return nil, fmt.Errorf("list people by name: %w", err)
	}
	var out []Person
	for len(out) < int(p.Most) && len(emails)+len(names) > 0 {
		from := &emails
		if len(emails) == 0 || len(names) > 0 && names[0].ID > emails[0].ID {
			from = &names
		}
		next := personOf((*from)[0])
		if *from = (*from)[1:]; len(out) == 0 || out[len(out)-1].ID != next.ID {
			out = append(out, next)
		}
	}
	return out, nil
}

func (a *Accounts) peopleNumbered(ctx context.Context, f PeopleFilter, id int64) ([]Person, error) {
	if f.Only != nil && !slices.Contains(f.Only, id) {
		return nil, nil
	}
	f.Only, f.Most = []int64{id}, 1
	rows, err := a.q.People(ctx, a.pool, f.params())
	if err != nil {
		return nil, fmt.Errorf("find person %d: %w", id, err)
	}
	return persons(rows), nil
}

// Person finds somebody for the staff. Errors: ErrNoUser.
func (a *Accounts) Person(ctx context.Context, id int64) (Person, error) {
	row, err := a.q.UserByID(ctx, a.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Person{}, ErrNoUser.Because("user %d", id)
	}
	if err != nil {
		return Person{}, fmt.Errorf("find user %d: %w", id, err)
	}
	return person(row.ID, row.Email, row.Name, row.Roles, row.Locale, row.Status, row.CreatedAt), nil
}

// Lookup finds up to most people by id, or by the beginning of their email or name.
func (a *Accounts) Lookup(ctx context.Context, q string, most int) ([]Person, error) {
	if q = strings.TrimSpace(q); q == "" || !sayable(q) {
		return nil, nil
	}
	id, _ := strconv.ParseInt(q, 10, 64) // 0, if q is not a number, is nobody's id
	begins, ends := db.Prefix(normalEmail(q))
	rows, err := a.q.LookupPeople(ctx, a.pool, dbsqlc.LookupPeopleParams{
		ID:     id,
		Begins: begins,
		Ends:   ends,
		Most:   int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("look people up: %w", err)
	}
	out := make([]Person, 0, most)
	for _, r := range rows[:min(len(rows), most)] {
		out = append(out, person(r.ID, r.Email, r.Name, r.Roles, r.Locale, r.Status, r.CreatedAt))
	}
	return out, nil
}

// sayable reports whether PostgreSQL can be asked for a text: it is UTF-8 without NUL, and no longer than anything that
// it is compared with.
func sayable(q string) bool {
	return db.Storable(q) && len(q) <= MaxQuery
}

func persons(rows []dbsqlc.PeopleRow) []Person {
	out := make([]Person, len(rows))
	for n, r := range rows {
		out[n] = personOf(r)
	}
	return out
}

func personOf(r dbsqlc.PeopleRow) Person {
	return person(r.ID, r.Email, r.Name, r.Roles, r.Locale, r.Status, r.CreatedAt)
}

func person(id int64, email, name string, roles Roles, locale, status string, since time.Time) Person {
	return Person{User{
		ID:        id,
		Email:     email,
		Name:      name,
		Roles:     roles,
		Locale:    locale,
		CreatedAt: since,
	}, status != "active"}
}
