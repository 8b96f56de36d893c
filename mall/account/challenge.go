package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

// ErrStepGone reports that what the browser answers was never asked of it, has been answered, or is too long ago.
var ErrStepGone = fault.New(fault.Unauthenticated, "step_gone", "This step is too old, or is done. Start again.")

// asked is what a challenge is for. An answer to one does not work for another.
type asked string

const (
	askedSecondStep asked = "second_step"
	askedSignIn     asked = "passkey_sign_in"
	askedStep       asked = "passkey_step"
	askedProof      asked = "passkey_prove"
	askedPasskey    asked = "passkey_add"
)

// How long the mall waits for answers.
const (
	StepLife      = 10 * time.Minute // to a second step of signing in
	ChallengeLife = 5 * time.Minute  // of a passkey
)

// ask stores a challenge, and returns the token by which the browser answers it. userID is 0 where anybody may answer.
func (a *Accounts) ask(ctx context.Context, what asked, userID, epoch int64, data []byte,
	life time.Duration,
) (token string, err error) {
	token = newID()
	var user *int64
	if userID != 0 {
		user = &userID
	}
	if data == nil {
		data = []byte{}
	}
	err = a.q.InsertChallenge(ctx, a.pool, dbsqlc.InsertChallengeParams{
		TokenHash: hash(token),
		Purpose:   string(what),
		UserID:    user,
		Epoch:     epoch,
		Data:      data,
		At:        a.now(),
		ExpiresAt: a.now().Add(life),
	})
	if err != nil {
		return "", fmt.Errorf("ask for %s: %w", what, err)
	}
	return token, nil
}

// answered ends a challenge. Of two who answer it at once, the second gets ErrStepGone.
func (a *Accounts) answered(ctx context.Context, q dbsqlc.DBTX, what asked, token string) (dbsqlc.UseChallengeRow, error) {
	row, err := a.q.UseChallenge(ctx, q, dbsqlc.UseChallengeParams{
		TokenHash: hash(token),
		Purpose:   string(what),
		At:        a.now(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return row, ErrStepGone.Because("no %s", what)
	}
	if err != nil {
		return row, fmt.Errorf("end a %s: %w", what, err)
	}
	return row, nil
}
