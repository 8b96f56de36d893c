package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// Write adds the bytes of r to an upload whose first offset bytes are there, and returns how far it has come,
// which is what lies on disk. length is how many bytes r has, -1 where nobody knows. A connection that breaks keeps
// what arrived. With the last byte the upload becomes a video. ErrUploadBusy, ErrUploadOffset, ErrUploadTooLong,
// ErrUploadCut, ErrDiskFull, and the refusals of Complete.
func (up *Uploads) Write(ctx context.Context, ownerID int64, id string, offset int64, r io.Reader,
	length int64,
) (Upload, error) {
	d, ok := up.storage.store.(*folder)
	if !ok {
		return Upload{}, ErrUploadWrongWay
	}
	u, err := up.row(ctx, ownerID, id)
	if err != nil {
		return Upload{}, err
	}
	if u.Complete() {
		if offset != u.Size {
			return Upload{}, ErrUploadOffset.Because("%d, and all %d bytes are there", offset, u.Size)
		}
		return u, nil
	}
	if length > u.Size-offset {
		return Upload{}, ErrUploadTooLong.Because("%d bytes from %d on, of %d", length, offset, u.Size)
	}
	if err := up.disks.room(0); err != nil {
		return u, err
	}
	// Bytes that arrived are kept, and the upload's time begins anew, even if the sender has disconnected.
	keep := context.WithoutCancel(ctx)
	body := &living{
		r:     &roomy{r: r, room: up.disks.room},
		now:   up.now,
		again: func() error { return up.prolong(keep, &u) },
	}
	u.Offset, err = d.append(u.key(), offset, body, u.Size)
	if errors.Is(err, fs.ErrNotExist) {
		return Upload{}, ErrUnknownUpload.Because("upload %s has no file: %w", id, err)
	}
	if err != nil {
		return u, err
	}
	if u.Offset == u.Size {
		videoID, err := up.Complete(keep, ownerID, id)
		if err != nil {
			return u, err
		}
		u.VideoID = &videoID
	}
	return u, nil
}

// prolong gives an upload its full time again. ErrUnknownUpload: it was cancelled meanwhile.
func (up *Uploads) prolong(ctx context.Context, u *Upload) error {
	u.ExpiresAt = up.now().Add(uploadLife)
	n, err := up.q.ProlongUpload(ctx, up.pool, dbsqlc.ProlongUploadParams{ID: u.ID, ExpiresAt: u.ExpiresAt})
	if err != nil {
		return fmt.Errorf("prolong upload %s: %w", u.ID, err)
	}
	if n == 0 {
		return ErrUnknownUpload.Because("upload %s ended", u.ID)
	}
	return nil
}

// create makes an upload's empty file; its name is on disk when it returns.
func (d *folder) create(name string) error {
	f, err := d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), d.syncFolder(path.Dir(name)))
}

// append writes r behind the first offset bytes of a file, up to most bytes in all, and returns the file's new size
// when it is on disk. One writer at a time, of all processes that share the folder: the system's lock ends with whoever
// holds it.
func (d *folder) append(name string, offset int64, r io.Reader, most int64) (size int64, err error) {
	f, err := d.root.OpenFile(name, os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return 0, ErrUploadBusy.Because("%w", err)
	}
	if size, err = f.Seek(0, io.SeekEnd); err != nil {
		return 0, err
	}
	if size != offset {
		return size, ErrUploadOffset.Because("%d, and %d bytes are there", offset, size)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{f}, io.LimitReader(r, most-offset), make([]byte, copyBuffer))
	size += n
	if err != nil {
		err = cut(err)
	} else if extra, _ := r.Read(make([]byte, 1)); extra > 0 {
		err = ErrUploadTooLong
	}
	return size, errors.Join(err, f.Sync())
}

// copyBuffer is the memory that an upload takes, besides the connection's own.
const copyBuffer = 256 << 10

// cut tells a broken connection from a full disk.
func cut(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ErrDiskFull.Because("write an upload: %w", err)
	}
	if f, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("write an upload: %w", f)
	}
	if _, ours := errors.AsType[*fault.Fault](err); ours {
		return err
	}
	return ErrUploadCut.Because("%w", err)
}

// prolongEvery is how often an upload that is being written gets its full time again. It is also when a cancellation is
// noticed.
const prolongEvery = 10 * time.Second

// living reads on behalf of an upload.
type living struct {
	r     io.Reader
	now   func() time.Time
	again func() error
	next  time.Time
}

func (l *living) Read(b []byte) (int, error) {
	if now := l.now(); !now.Before(l.next) {
		if err := l.again(); err != nil {
			return 0, err
		}
		l.next = now.Add(prolongEvery)
	}
	return l.r.Read(b)
}
