package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sync/errgroup"
)

const bucketForm = "s3://KEY:SECRET@host:port/bucket/prefix?region=us-east-1&tls=on"

// bucketWriters is how many files of one video travel at once: each waits for an answer most of the time.
const bucketWriters = 4

// discardTime bounds the taking back of a video that was given up, perhaps because its own time was over.
const discardTime = time.Minute

// bucket is a storage in an S3 service, below a prefix.
type bucket struct {
	core   minio.Core
	name   string
	prefix string // empty, or ending in "/"
}

func openBucket(u *url.URL) (*bucket, error) {
	name, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	q := u.Query()
	tls := q.Get("tls")
	if u.Host == "" || name == "" || tls != "" && tls != "on" && tls != "off" {
		return nil, errors.New("write it as " + bucketForm)
	}
	for k := range q {
		if k != "region" && k != "tls" {
			return nil, fmt.Errorf("%q is not known; write it as %s", k, bucketForm)
		}
	}
	keys := credentials.NewEnvAWS()
	if secret, ok := u.User.Password(); ok {
		keys = credentials.NewStaticV4(u.User.Username(), secret, "")
	}
	region := q.Get("region")
	if region == "" {
		region = "us-east-1" // what services without regions expect; asking for it would cost a request
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds:  keys,
		Secure: tls != "off",
		Region: region,
	})
	if err != nil {
		return nil, fmt.Errorf("the address can't be used: %w", err)
	}
	if prefix != "" {
		prefix += "/"
	}
	return &bucket{
		core:   minio.Core{Client: client},
		name:   name,
		prefix: prefix,
	}, nil
}

// Close has nothing to let go of.
func (*bucket) Close() error { return nil }

func (b *bucket) check(ctx context.Context) error {
	ok, err := b.core.BucketExists(ctx, b.name)
	if err == nil && !ok {
		err = fmt.Errorf("there is no bucket %q", b.name)
	}
	return err
}

func (b *bucket) key(name string) string { return b.prefix + name }

// origin is where presigned addresses lead.
func (b *bucket) origin() string {
	u := b.core.EndpointURL()
	return u.Scheme + "://" + u.Host
}

// absent turns the service's way of saying that something is not there into everybody's.
func absent(err error, name string) error {
	switch minio.ToErrorResponse(err).Code {
	case minio.NoSuchKey, minio.NoSuchUpload:
		return &fs.PathError{
			Op:   "open",
			Path: name,
			Err:  fs.ErrNotExist,
		}
	}
	return err
}

// open asks for the whole file at once, so that reading it from the start costs one request.
func (b *bucket) open(ctx context.Context, name string) (*File, error) {
	body, info, _, err := b.core.GetObject(ctx, b.name, b.key(name), minio.GetObjectOptions{})
	if err != nil {
		return nil, absent(err, name)
	}
	return &File{&object{
		ctx:  ctx,
		b:    b,
		name: name,
		tag:  info.ETag,
		size: info.Size,
		body: body,
	}, info.Size, info.LastModified}, nil
}

func (b *bucket) size(ctx context.Context, name string) (int64, error) {
	info, err := b.core.StatObject(ctx, b.name, b.key(name), minio.StatObjectOptions{})
	return info.Size, absent(err, name)
}

var bucketTypes = map[string]string{
	".m3u8": "application/vnd.apple.mpegurl", ".m4s": "video/iso.segment",
	".mp4": "video/mp4",
	".vtt": "text/vtt; charset=utf-8", ".webp": "image/webp", ".jpg": "image/jpeg", ".png": "image/png",
}

func (b *bucket) put(ctx context.Context, name string, r io.Reader, size int64) error {
	_, err := b.core.Client.PutObject(ctx, b.name, b.key(name), r, size,
		minio.PutObjectOptions{ContentType: bucketTypes[path.Ext(name)]})
	if err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	return nil
}

func (b *bucket) remove(ctx context.Context, name string) error {
	if err := b.core.RemoveObject(ctx, b.name, b.key(name), minio.RemoveObjectOptions{}); err != nil &&
		!errors.Is(absent(err, name), fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	for e, err := range b.list(ctx, name) {
		if err == nil {
			err = b.core.RemoveObject(ctx, b.name, b.key(e.name), minio.RemoveObjectOptions{})
		}
		if err != nil {
			return fmt.Errorf("remove %s: %w", name, err)
		}
	}
	return nil
}

func (b *bucket) list(ctx context.Context, folder string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		for o := range b.core.Client.ListObjects(ctx, b.name, minio.ListObjectsOptions{
			Prefix:    b.key(folder) + "/",
			Recursive: true,
		}) {
			if o.Err == nil && strings.HasSuffix(o.Key, "/") {
				continue // what some services keep in the place of a folder
			}
			if !yield(entry{strings.TrimPrefix(o.Key, b.prefix), o.Size}, o.Err) || o.Err != nil {
				return
			}
		}
	}
}

// createAsset begins with an empty place: whoever packs a video has made sure that nobody plays it.
func (b *bucket) createAsset(ctx context.Context, prefix string) (assetWriter, error) {
	e := &bucketWriter{b: b, prefix: prefix}
	e.writers.SetLimit(bucketWriters)
	return e, e.clear(ctx)
}

type bucketWriter struct {
	b         *bucket
	prefix    string
	writers   errgroup.Group
	master    []byte
	published bool
}

func (e *bucketWriter) clear(ctx context.Context) error {
	return errors.Join(e.b.remove(ctx, videosFolder+"/"+e.prefix), e.b.remove(ctx, trailersFolder+"/"+e.prefix))
}

// write keeps the master playlist back: it is what says that a video is whole.
func (e *bucketWriter) write(ctx context.Context, name string, data []byte) error {
	if name == "film/"+masterFile {
		e.master = data
		return nil
	}
	if rest, ok := strings.CutPrefix(name, "film/"); ok {
		name = videosFolder + "/" + e.prefix + "/" + rest
	} else {
		name = trailersFolder + "/" + e.prefix + "/" + strings.TrimPrefix(name, "trailer/")
	}
	e.writers.Go(func() error { return e.b.put(ctx, name, bytes.NewReader(data), int64(len(data))) })
	return nil
}

func (e *bucketWriter) publish(ctx context.Context) error {
	if err := e.writers.Wait(); err != nil {
		return err
	}
	err := e.b.put(ctx, videosFolder+"/"+e.prefix+"/"+masterFile, bytes.NewReader(e.master), int64(len(e.master)))
	e.published = err == nil
	return err
}

func (e *bucketWriter) discard() {
	_ = e.writers.Wait()
	if e.published {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), discardTime)
	defer stop()
	_ = e.clear(ctx) // the next writer begins with this anyway
}

// object reads a file of a bucket. Seeking costs nothing by itself; reading elsewhere than where the last answer goes
// on is a request.
type object struct {
	ctx  context.Context // of whoever opened it, which bounds every request for it
	b    *bucket
	name string
	tag  string
	size int64
	at   int64
	body io.ReadCloser // goes on at bodyAt; nil after an error
	pos  int64         // of body
}

func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("seek %s to %d", o.name, offset)
	}
	o.at = offset
	return offset, nil
}

func (o *object) Read(p []byte) (int, error) {
	if o.at >= o.size {
		return 0, io.EOF
	}
	if o.body == nil || o.pos != o.at {
		if err := o.request(); err != nil {
			return 0, err
		}
	}
	n, err := o.body.Read(p)
	o.at, o.pos = o.at+int64(n), o.pos+int64(n)
	if err == io.EOF && o.at < o.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// request asks for the rest of the same version of the file.
func (o *object) request() error {
	_ = o.Close()
	opts := minio.GetObjectOptions{}
	if err := errors.Join(opts.SetRange(o.at, o.size-1), opts.SetMatchETag(o.tag)); err != nil {
		return err
	}
	body, _, _, err := o.b.core.GetObject(o.ctx, o.b.name, o.b.key(o.name), opts)
	if err != nil {
		return absent(err, o.name)
	}
	o.body, o.pos = body, o.at
	return nil
}

func (o *object) Close() error {
	if o.body == nil {
		return nil
	}
	err := o.body.Close()
	o.body = nil
	return err
}
