package account

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// Users are people by their ids. An account that is gone is not among them, and reads as the zero User.
type Users map[int64]User

// Name is what somebody calls themselves; "#7" for account 7 where that is gone.
func (u Users) Name(id int64) string {
	if found, ok := u[id]; ok {
		return found.Name
	}
	return "#" + strconv.FormatInt(id, 10)
}

// Users finds the people with these ids in one query, locked ones too: for a page that names somebody in each of its rows. An id may come
// several times, and 0 is nobody.
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
			Role:      row.Role,
			Locale:    row.Locale,
			CreatedAt: row.CreatedAt,
			Epoch:     row.AccessEpoch,
		}
	}
	return found, nil
}
