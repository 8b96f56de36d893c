package media

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/minio/minio-go/v7"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// A direct upload is an S3 multipart upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html has its
// limits.
const (
	minPart  = 16 << 20
	maxParts = 10_000
	// partLife is how long a presigned address opens, and partsAtOnce how many are handed out together.
	partLife    = time.Hour
	partsAtOnce = 20
)

// ErrUploadPart is the number of a part that the file does not have.
var ErrUploadPart = fault.New(fault.Invalid, "upload_part", "The file has no such part.")

// Part is one that has arrived.
type Part struct {
	Number int   `json:"number"`
	Size   int64 `json:"size"` // bytes

	tag string
}

// SignedPart is where the bytes of a part go, by PUT, exactly Size of them.
type SignedPart struct {
	Number int    `json:"number"`
	Offset int64  `json:"offset"` // in the file
	Size   int64  `json:"size"`   // bytes
	URL    string `json:"url"`
}

// partSize keeps the largest file within the number of parts, in whole MiB.
func partSize(size int64) int64 {
	const mib = 1 << 20
	return max(minPart, (size/maxParts/mib+1)*mib)
}

// Origin is where presigned addresses lead, "https://host"; empty when uploads are not direct.
func (up *Uploads) Origin() string {
	if b, direct := up.storage.store.(*bucket); direct {
		return b.origin()
	}
	return ""
}

func (up *Uploads) beginParts(ctx context.Context, b *bucket, u *Upload) (err error) {
	if u.multipart, err = b.core.NewMultipartUpload(ctx, b.name, b.key(u.key()), minio.PutObjectOptions{}); err != nil {
		return err
	}
	n, err := up.q.SetMultipart(ctx, up.pool, dbsqlc.SetMultipartParams{ID: u.ID, Multipart: u.multipart})
	if err == nil && n == 0 {
		err = ErrUnknownUpload
	}
	return err
}

// parts are those that have arrived, in their order.
func (up *Uploads) parts(ctx context.Context, b *bucket, u Upload) ([]Part, error) {
	var list []Part
	for marker := 0; ; {
		r, err := b.core.ListObjectParts(ctx, b.name, b.key(u.key()), u.multipart, marker, 1000)
		if err != nil {
			return nil, absent(err, u.key())
		}
		for _, p := range r.ObjectParts {
			list = append(list, Part{
				Number: p.PartNumber,
				Size:   p.Size,
				tag:    p.ETag,
			})
		}
		if !r.IsTruncated || r.NextPartNumberMarker <= marker {
			slices.SortFunc(list, func(a, b Part) int { return a.Number - b.Number })
			return list, nil
		}
		marker = r.NextPartNumberMarker
	}
}

func whole(parts []Part) (bytes int64) {
	for _, p := range parts {
		bytes += p.Size
	}
	return bytes
}

// Parts lists the parts of a direct upload that have arrived.
func (up *Uploads) Parts(ctx context.Context, ownerID int64, id string) ([]Part, error) {
	b, u, err := up.direct(ctx, ownerID, id)
	if err != nil {
		return nil, err
	}
	parts, err := up.parts(ctx, b, u)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrUnknownUpload.Because("%w", err)
	}
	return parts, err
}

func (up *Uploads) direct(ctx context.Context, ownerID int64, id string) (*bucket, Upload, error) {
	b, direct := up.storage.store.(*bucket)
	if !direct {
		return nil, Upload{}, ErrUploadWrongWay
	}
	u, err := up.row(ctx, ownerID, id)
	if err == nil && u.Complete() {
		err = ErrUnknownUpload.Because("upload %s is complete", id)
	}
	return b, u, err
}

// SignParts hands out addresses for parts, at most partsAtOnce of them, for an hour, and gives the upload its full time
// again. Each takes exactly its part's bytes. ErrUploadPart, ErrUnknownUpload.
func (up *Uploads) SignParts(ctx context.Context, ownerID int64, id string, numbers []int) ([]SignedPart, error) {
	b, u, err := up.direct(ctx, ownerID, id)
	if err != nil {
		return nil, err
	}
	if len(numbers) > partsAtOnce {
		return nil, ErrUploadPart.Because("%d parts at once", len(numbers))
	}
	if err := up.prolong(ctx, &u); err != nil {
		return nil, err
	}
	signed := make([]SignedPart, 0, len(numbers))
	for _, n := range numbers {
		offset := int64(n-1) * u.PartSize
		if n < 1 || offset >= u.Size {
			return nil, ErrUploadPart.Because("part %d of %d bytes", n, u.Size)
		}
		p := SignedPart{
			Number: n,
			Offset: offset,
			Size:   min(u.PartSize, u.Size-offset),
		}
		query := url.Values{"partNumber": {strconv.Itoa(n)}, "uploadId": {u.multipart}}
		length := http.Header{"Content-Length": {strconv.FormatInt(p.Size, 10)}}
		address, err := b.core.PresignHeader(ctx, http.MethodPut, b.name, b.key(u.key()), partLife, query, length)
		if err != nil {
			return nil, fmt.Errorf("sign part %d of upload %s: %w", n, id, err)
		}
		p.URL = address.String()
		signed = append(signed, p)
	}
	return signed, nil
}

// joinParts has the bucket make one file of the parts, when all are there and as long as they should be. A second time
// it finds it made.
func (up *Uploads) joinParts(ctx context.Context, b *bucket, u Upload) error {
	parts, err := up.parts(ctx, b, u)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // joined before, or lost: the file will tell
	}
	if err != nil {
		return fmt.Errorf("list the parts of upload %s: %w", u.ID, err)
	}
	done := make([]minio.CompletePart, len(parts))
	for i, p := range parts {
		if p.Number != i+1 || p.Size != min(u.PartSize, u.Size-int64(i)*u.PartSize) {
			return ErrUploadShort.Because("part %d has %d bytes", p.Number, p.Size)
		}
		done[i] = minio.CompletePart{PartNumber: p.Number, ETag: p.tag}
	}
	if bytes := whole(parts); bytes != u.Size {
		return ErrUploadShort.Because("%d bytes of %d", bytes, u.Size)
	}
	_, err = b.core.CompleteMultipartUpload(ctx, b.name, b.key(u.key()), u.multipart, done, minio.PutObjectOptions{})
	if err != nil && !errors.Is(absent(err, u.key()), fs.ErrNotExist) {
		return fmt.Errorf("join the parts of upload %s: %w", u.ID, err)
	}
	return nil
}

// abort gives up every multipart upload of a name, those included that no row knows.
func (b *bucket) abort(ctx context.Context, name string) error {
	if err := b.core.RemoveIncompleteUpload(ctx, b.name, b.key(name)); err != nil &&
		!errors.Is(absent(err, name), fs.ErrNotExist) {
		return fmt.Errorf("give up the parts of %s: %w", name, err)
	}
	return nil
}
