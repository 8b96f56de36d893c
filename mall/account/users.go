package account

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// Users are people by their ids. A deleted account is absent, and reads as the zero User.
type Users map[int64]User

// Name returns the name of a person, or "#7" for account 7 if it is absent.
func (u Users) Name(id int64) string {
	if found, ok := u[id]; ok {
		return found.Name
	}
	return "#" + strconv.FormatInt(id, 10)
}

// Users finds the people with these ids, including locked ones, in one query. It is for pages that name a person in
// each row. An id may occur several times, and 0 is ignored.
func (a *Accounts) Users(ctx context.Context, ids ...int64) (Users, error) {
	ids = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(ids))), func(id int64) bool { return id == 0 })
	found := make(Users, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := a.q.UsersByID(ctx, a.pool, ids)
	if err != nil {
		return nil, fmt.Errorf("find %d users: %w", len(ids), err)
	}
	for _, row := range rows {
		found[row.ID] = User{
			ID:        row.ID,
			Email:     row.Email,
			Name:      row.Name,
			Roles:     row.Roles,
			Locale:    row.Locale,
			CreatedAt: row.CreatedAt,
			Epoch:     row.AccessEpoch,
		}
	}
	return found, nil
}
