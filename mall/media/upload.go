package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// What can be wrong with an upload.
var (
	ErrUnknownUpload = fault.New(fault.NotFound, "unknown_upload",
		"There is no such upload: it was cancelled, or it waited for too long.")
	ErrUploadName = fault.New(fault.Invalid, "upload_name", "The file needs a name of up to 200 characters.")
	ErrUploadType = fault.New(fault.Invalid, "upload_type",
		"This is not a kind of video that the mall takes. It takes MP4, MOV, MKV, WebM, MPEG-TS, AVI and FLV.")
	ErrUploadSize  = fault.New(fault.Invalid, "upload_size", "The file is empty, or larger than the mall takes.")
	ErrUploadQuota = fault.New(fault.Conflict, "upload_quota",
		"There is not enough room left for this file. Delete files that you no longer need.")
	ErrUploadsMany = fault.New(fault.Conflict, "uploads_many",
		"Too many of your uploads are under way. Finish or cancel some of them.")
	ErrVideosMany = fault.New(fault.Conflict, "films_many",
		"Too many of your videos are being made. Upload this one when some of them are ready.")
	ErrUploadBusy     = fault.New(fault.Conflict, "upload_busy", "This upload is being written by another request.")
	ErrUploadOffset   = fault.New(fault.Conflict, "upload_offset", "The upload does not go on there.")
	ErrUploadTooLong  = fault.New(fault.Invalid, "upload_too_long", "More bytes came than the file has.")
	ErrUploadShort    = fault.New(fault.Conflict, "upload_short", "Parts of the file have not arrived yet.")
	ErrUploadNotVideo = fault.New(fault.Invalid, "upload_not_film",
		"What is inside of the file is not a video, whatever its name says.")
	ErrUploadCut      = fault.New(fault.Unavailable, "upload_cut", "The connection broke. What arrived is kept.")
	ErrUploadWrongWay = fault.New(fault.Conflict, "upload_wrong_way",
		"Uploads go another way here. Load the page again.")
)

const (
	// uploadLife is how long an upload waits for its next byte.
	uploadLife = 24 * time.Hour
	// maxRunning bounds a creator's uploads that are not complete.
	maxRunning = 50
	// maxMaking bounds a creator's videos in the making. An upload that begins beyond it is refused.
	maxMaking     = 20
	maxUploadName = 200
	// sweepMost is how many uploads one sweep clears away.
	sweepMost = 50
)

// UploadLimits are in bytes; zero is the usual limit.
type UploadLimits struct {
	File  int64 // of one file
	Quota int64 // of all files of a creator, those on their way included
}

const (
	usualFile  = 20 << 30
	usualQuota = 50 << 30
)

func (l UploadLimits) withDefaults() UploadLimits {
	if l.File <= 0 {
		l.File = usualFile
	}
	if l.Quota <= 0 {
		l.Quota = usualQuota
	}
	return l
}

// Upload is a creator's file on its way in.
type Upload struct {
	ID, Name  string
	OwnerID   int64
	Size      int64 // bytes of the whole
	Offset    int64 // bytes that lie safely; of a direct upload, those of its whole parts
	PartSize  int64 // of a direct upload; else 0
	ExpiresAt time.Time
	VideoID   *int64 // the video that it became; nil while it is under way

	multipart string
}

// Complete says that the upload has become a video.
func (u Upload) Complete() bool { return u.VideoID != nil }

func (u Upload) key() string { return originalsFolder + "/" + u.ID }

// Uploads are files on their way in: through the mall into a folder, or straight into a bucket.
type Uploads struct {
	core
	limits   UploadLimits
	pipeline *Pipeline
	disks    *Disks
}

// Direct says that bytes go straight to the bucket, in parts at presigned addresses, and not through the mall.
func (up *Uploads) Direct() bool {
	_, direct := up.storage.store.(*bucket)
	return direct
}

// FileLimit is the largest file that is taken, in bytes.
func (up *Uploads) FileLimit() int64 { return up.limits.File }

// Get returns an upload of its owner with how far it has come, or ErrUnknownUpload.
func (up *Uploads) Get(ctx context.Context, ownerID int64, id string) (Upload, error) {
	u, err := up.row(ctx, ownerID, id)
	if err != nil || u.Complete() {
		return u, err
	}
	switch s := up.storage.store.(type) {
	case *bucket:
		var parts []Part
		if parts, err = up.parts(ctx, s, u); err == nil {
			u.Offset = whole(parts)
		} else if errors.Is(err, fs.ErrNotExist) { // joined, and then something broke
			u.Offset, err = s.size(ctx, u.key())
		}
	case *folder:
		u.Offset, err = s.size(ctx, u.key())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Upload{}, ErrUnknownUpload.Because("upload %s has no file: %w", id, err)
	}
	if err != nil {
		return Upload{}, fmt.Errorf("upload %s: %w", id, err)
	}
	return u, nil
}

func (up *Uploads) row(ctx context.Context, ownerID int64, id string) (Upload, error) {
	row, err := up.q.Upload(ctx, up.pool, dbsqlc.UploadParams{
		ID:      id,
		OwnerID: ownerID,
		At:      up.now(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Upload{}, ErrUnknownUpload.Because("upload %.40q of %d", id, ownerID)
	}
	if err != nil {
		return Upload{}, fmt.Errorf("read upload %.40q: %w", id, err)
	}
	return upload(row), nil
}

func upload(r dbsqlc.MediaUpload) Upload {
	u := Upload{
		ID:        r.ID,
		OwnerID:   r.OwnerID,
		Name:      r.Name,
		Size:      r.Size,
		PartSize:  r.PartSize,
		ExpiresAt: r.ExpiresAt,
		VideoID:   r.VideoID,
		multipart: r.Multipart,
	}
	if u.Complete() {
		u.Offset = u.Size
	}
	return u
}

// Complete makes a video of an upload whose bytes are all there, once: the upload ends and the video begins in one
// transaction, and whoever asks again gets the same video. ErrUnknownUpload, ErrUploadShort; ErrUploadNotVideo, which
// ends the upload.
func (up *Uploads) Complete(ctx context.Context, ownerID int64, id string) (videoID int64, err error) {
	u, err := up.row(ctx, ownerID, id)
	if err != nil {
		return 0, err
	}
	if u.Complete() {
		return *u.VideoID, nil
	}
	if err := up.gather(ctx, u); err != nil {
		return 0, err
	}
	if err := up.sniff(ctx, u); err != nil {
		if errors.Is(err, ErrUploadNotVideo) {
			err = errors.Join(err, up.Cancel(ctx, ownerID, id))
		}
		return 0, err
	}
	err = db.InTx(ctx, up.pool, func(tx pgx.Tx) (err error) {
		videoID, err = up.completeTx(ctx, tx, u)
		return err
	})
	if errors.Is(err, ErrUnknownUpload) && up.Direct() { // the parts may have been joined after they were taken away
		err = errors.Join(err, up.storage.remove(ctx, u.key()))
	}
	return videoID, err
}

// gather has a bucket join the parts, and checks that the whole file is there.
func (up *Uploads) gather(ctx context.Context, u Upload) error {
	if s, direct := up.storage.store.(*bucket); direct {
		if err := up.joinParts(ctx, s, u); err != nil {
			return err
		}
	}
	size, err := up.storage.size(ctx, u.key())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrUnknownUpload.Because("upload %s has no file: %w", u.ID, err)
	case err != nil:
		return fmt.Errorf("complete upload %s: %w", u.ID, err)
	case size != u.Size:
		return ErrUploadShort.Because("%d bytes of %d", size, u.Size)
	}
	return nil
}

// completeTx turns the upload into a video, or finds the one that another request made of it.
func (up *Uploads) completeTx(ctx context.Context, tx pgx.Tx, u Upload) (videoID int64, err error) {
	row, err := up.q.LockUpload(ctx, tx, dbsqlc.LockUploadParams{ID: u.ID, OwnerID: u.OwnerID})
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrUnknownUpload.Because("upload %s was cancelled", u.ID)
	}
	if err != nil {
		return 0, err
	}
	if row.VideoID != nil { // another request was quicker
		return *row.VideoID, nil
	}
	videoID, err = up.pipeline.acceptTx(ctx, tx, Original{
		OwnerID: u.OwnerID,
		Name:    u.Name,
		Key:     u.key(),
		Size:    u.Size,
	})
	if err != nil {
		return 0, err
	}
	_, err = up.q.CompleteUpload(ctx, tx, dbsqlc.CompleteUploadParams{ID: u.ID, VideoID: videoID})
	return videoID, err
}

// sniff looks at the first bytes; what the video is made of is found out later.
func (up *Uploads) sniff(ctx context.Context, u Upload) error {
	f, err := up.storage.open(ctx, u.key())
	if err != nil {
		return fmt.Errorf("look into upload %s: %w", u.ID, err)
	}
	defer f.Close()
	head := make([]byte, sniffed)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("look into upload %s: %w", u.ID, err)
	}
	if !beginsVideo(head[:n]) {
		return ErrUploadNotVideo.Because("upload %s begins with %.16q", u.ID, head[:n])
	}
	return nil
}

// Cancel takes an upload that is under way back, with all its bytes. ErrUnknownUpload: there is none, or it is
// complete.
func (up *Uploads) Cancel(ctx context.Context, ownerID int64, id string) error {
	n, err := up.q.EndUpload(ctx, up.pool, dbsqlc.EndUploadParams{ID: id, OwnerID: ownerID})
	if err != nil {
		return fmt.Errorf("end upload %.40q: %w", id, err)
	}
	if n == 0 {
		return ErrUnknownUpload.Because("upload %.40q of %d", id, ownerID)
	}
	return up.clear(ctx, id)
}

// clear removes what is left of an upload that ended: first the bytes, then the row. After a crash between the two the
// row is left, and the next sweep finds it.
func (up *Uploads) clear(ctx context.Context, id string) error {
	key := Upload{ID: id}.key()
	if s, direct := up.storage.store.(*bucket); direct {
		if err := s.abort(ctx, key); err != nil {
			return fmt.Errorf("clear upload %s: %w", id, err)
		}
	}
	if err := up.storage.remove(ctx, key); err != nil {
		return fmt.Errorf("clear upload %s: %w", id, err)
	}
	if err := up.q.DeleteUpload(ctx, up.pool, id); err != nil {
		return fmt.Errorf("clear upload %s: %w", id, err)
	}
	return nil
}

// Sweep clears away the uploads that waited for too long, finishes the clearing that a crash left, and says how
// many it were.
func (up *Uploads) Sweep(ctx context.Context) (int, error) {
	if _, err := up.q.ExpireUploads(ctx, up.pool, up.now()); err != nil {
		return 0, fmt.Errorf("expire uploads: %w", err)
	}
	if _, err := up.q.ForgetUploads(ctx, up.pool, up.now()); err != nil {
		return 0, fmt.Errorf("forget uploads: %w", err)
	}
	rows, err := up.q.EndingUploads(ctx, up.pool, sweepMost)
	if err != nil {
		return 0, fmt.Errorf("list ended uploads: %w", err)
	}
	var failed []error
	for _, r := range rows {
		failed = append(failed, up.clear(ctx, r.ID))
	}
	return len(rows), errors.Join(failed...)
}
