package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/sessions"
	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

// ErrNoSession reports that the person has no such session, or no longer has it.
var ErrNoSession = fault.New(fault.NotFound, "no_session", "That device is signed out already.")

// Device is one place where a person is signed in. Number is unique and not secret. Seen is accurate to an hour.
type Device struct {
	Number    int64
	UserAgent string
	Since     time.Time
	Seen      time.Time
	Here      bool // the session that asks
}

// Devices lists where the person is signed in, the latest seen first, at most 50. here may be nil.
func (s *Sessions) Devices(ctx context.Context, userID int64, here *sessions.Session) ([]Device, error) {
	rows, err := s.q.SessionsOf(ctx, s.pool, dbsqlc.SessionsOfParams{UserID: userID, At: s.now()})
	if err != nil {
		return nil, fmt.Errorf("list sessions of %d: %w", userID, err)
	}
	var own []byte
	if here != nil && here.ID != "" {
		own = hash(here.ID)
	}
	devices := make([]Device, len(rows))
	for i, row := range rows {
		devices[i] = Device{row.SessionNo, row.UserAgent, row.CreatedAt, row.SeenAt, bytes.Equal(row.IDHash, own)}
	}
	return devices, nil
}

// EndDevice signs the person out of one device. Errors: ErrNoSession.
func (s *Sessions) EndDevice(ctx context.Context, userID, number int64) error {
	h, err := s.q.DeleteSessionByNo(ctx, s.pool, dbsqlc.DeleteSessionByNoParams{UserID: userID, SessionNo: number})
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoSession.Because("session %d of user %d", number, userID)
	}
	if err != nil {
		return fmt.Errorf("end session %d: %w", number, err)
	}
	s.forget(ctx, h)
	return nil
}

// EndDevicesOn ends the person's sessions in the browser that a device cookie names, except for the session keep, which
// may be nil. It returns how many sessions ended.
func (s *Sessions) EndDevicesOn(ctx context.Context, userID int64, device []byte, keep *sessions.Session) (int, error) {
	own := []byte{} // the hash of no session
	if keep != nil && keep.ID != "" {
		own = hash(keep.ID)
	}
	hashes, err := s.q.DeleteSessionsOn(ctx, s.pool, dbsqlc.DeleteSessionsOnParams{
		UserID: userID,
		Device: device,
		Keep:   own,
	})
	if err != nil {
		return 0, fmt.Errorf("end sessions of %d on a device: %w", userID, err)
	}
	s.forget(ctx, hashes...)
	return len(hashes), nil
}
