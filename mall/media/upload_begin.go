package media

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/media/internal/dbsqlc"
)

// NewUpload is what a creator says of a file before its first byte.
type NewUpload struct {
	Name string // the file's own
	Type string // what the browser takes it for; empty where it does not know
	Size int64  // bytes
}

// Allowance is how much a creator's files take and may take, in bytes.
type Allowance struct{ Used, Quota, File int64 }

// Allowance counts what a creator's videos and uploads take.
func (up *Uploads) Allowance(ctx context.Context, ownerID int64) (Allowance, error) {
	used, _, err := up.used(ctx, up.pool, ownerID)
	return Allowance{
		Used:  used,
		Quota: up.limits.Quota,
		File:  up.limits.File,
	}, err
}

func (up *Uploads) used(ctx context.Context, q dbsqlc.DBTX, ownerID int64) (bytes, running int64, err error) {
	uploads, err := up.q.UploadsOf(ctx, q, ownerID)
	if err != nil {
		return 0, 0, fmt.Errorf("uploads of %d: %w", ownerID, err)
	}
	originals, err := up.q.OriginalsOf(ctx, q, ownerID)
	if err != nil {
		return 0, 0, fmt.Errorf("files of %d: %w", ownerID, err)
	}
	return uploads.Bytes + originals, uploads.Number, nil
}

// Begin checks what can be known before the first byte and takes the file's room: ErrUploadName, ErrUploadType,
// ErrUploadSize, ErrUploadQuota, ErrUploadsMany, ErrVideosMany, ErrDiskFull.
func (up *Uploads) Begin(ctx context.Context, ownerID int64, n NewUpload) (Upload, error) {
	name, err := n.check(up.limits.File)
	if err != nil {
		return Upload{}, err
	}
	if err := up.room(n.Size); err != nil {
		return Upload{}, err
	}
	u := Upload{
		ID:        newID(),
		OwnerID:   ownerID,
		Name:      name,
		Size:      n.Size,
		ExpiresAt: up.now().Add(uploadLife),
	}
	if up.Direct() {
		u.PartSize = partSize(n.Size)
	}
	// The row comes first: a sweep clears away what has a row, whatever happens next.
	if err := db.InTx(ctx, up.pool, func(tx pgx.Tx) error { return up.admitTx(ctx, tx, u) }); err != nil {
		return Upload{}, err
	}
	switch s := up.storage.store.(type) {
	case *bucket:
		err = up.beginParts(ctx, s, &u)
	case *folder:
		err = s.create(u.key())
	}
	if err != nil {
		return Upload{}, fmt.Errorf("begin upload %s: %w", u.ID,
			errors.Join(err, up.Cancel(context.WithoutCancel(ctx), ownerID, u.ID)))
	}
	return u, nil
}

// check refuses what no video can be, by what is said of the file, and returns the name to keep. most is the size of
// the largest file, in bytes.
func (n NewUpload) check(most int64) (name string, err error) {
	name = fileName(n.Name)
	switch {
	case name == "" || len(name) > maxUploadName:
		return "", ErrUploadName.Because("%.300q", n.Name)
	case !isVideo(name, n.Type):
		return "", ErrUploadType.Because("%q of type %.100q", name, n.Type)
	case n.Size <= 0 || n.Size > most:
		return "", ErrUploadSize.Because("%d bytes", n.Size)
	}
	return name, nil
}

// admitTx inserts the upload's row unless its owner has too much already. It holds a lock on the owner's uploads, so
// that two that begin together don't both take the last room.
func (up *Uploads) admitTx(ctx context.Context, tx pgx.Tx, u Upload) error {
	if err := up.q.LockUploader(ctx, tx, u.OwnerID); err != nil {
		return err
	}
	used, running, err := up.used(ctx, tx, u.OwnerID)
	switch {
	case err != nil:
		return err
	case running >= maxRunning:
		return ErrUploadsMany
	case used+u.Size > up.limits.Quota:
		return ErrUploadQuota.Because("%d bytes of %d used, %d more", used, up.limits.Quota, u.Size)
	}
	making, err := up.q.VideosInTheMaking(ctx, tx, u.OwnerID)
	if err != nil {
		return fmt.Errorf("videos of %d in the making: %w", u.OwnerID, err)
	}
	if making >= maxMaking {
		return ErrVideosMany.Because("%d of %d", making, u.OwnerID)
	}
	return up.q.InsertUpload(ctx, tx, dbsqlc.InsertUploadParams{
		ID:        u.ID,
		OwnerID:   u.OwnerID,
		Name:      u.Name,
		Size:      u.Size,
		PartSize:  u.PartSize,
		CreatedAt: up.now(),
		ExpiresAt: u.ExpiresAt,
	})
}

// newID returns 26 random characters that are fit for a path.
func newID() string { return strings.ToLower(rand.Text()) }

// fileName is the name that a person knows the file by, without its path and without invisible characters.
func fileName(s string) string {
	s = path.Base(strings.ReplaceAll(s, "\\", "/"))
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
	if s == "." || s == "/" {
		return ""
	}
	return s
}
