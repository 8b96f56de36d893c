package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"syscall"

	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
)

// ErrDiskFull says that a disk that the mall writes to has less free space than it must keep.
var ErrDiskFull = fault.New(fault.Unavailable, "disk_full",
	"The mall's disk is nearly full. What has arrived is kept; go on when there is room again.")

// WaitsForDisk is the slug of a stage that waits until a disk has room.
const WaitsForDisk = "disk_full"

// Disks are those that media are written to on this machine.
type Disks struct {
	folders []string
	floor   int64 // bytes that stay free on each disk; 0: nothing is checked
	free    func(folder string) (int64, error)
}

// newDisks watches the storage, unless it is a bucket, and the folder that videos are made in, if they are made here.
func newDisks(s *Storage, work *processor, floor int64) *Disks {
	ds := &Disks{floor: floor, free: FreeBytes}
	if here, ok := s.store.(*folder); ok {
		ds.folders = append(ds.folders, here.root.Name())
	}
	if work != nil {
		ds.folders = append(ds.folders, work.dir)
	}
	return ds
}

// FreeBytes is how many bytes a process without privileges may still write to the disk of a folder.
func FreeBytes(folder string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", folder, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

// Folders are one on each disk: where files are stored, and where videos are made.
func (ds *Disks) Folders() []string { return ds.folders }

// Disk is a folder with the bytes that are free on its disk, and how many of them must stay so.
type Disk struct {
	Folder string
	Free   int64
	Floor  int64
}

// Low says that nothing more may be written there.
func (d Disk) Low() bool { return d.Free < d.Floor }

// Free looks at each of Folders.
func (ds *Disks) Free() ([]Disk, error) {
	var disks []Disk
	for _, f := range ds.folders {
		free, err := ds.free(f)
		if err != nil {
			return nil, err
		}
		disks = append(disks, Disk{
			Folder: f,
			Free:   free,
			Floor:  ds.floor,
		})
	}
	return disks, nil
}

// room says ErrDiskFull where more bytes would leave less than the floor on one of the disks.
func (ds *Disks) room(more int64) error {
	if ds.floor == 0 {
		return nil
	}
	disks, err := ds.Free()
	if err != nil {
		return err
	}
	for _, d := range disks {
		if d.Free-more < d.Floor {
			return ErrDiskFull.Because("%s has %d bytes free, %d are to be written and %d must stay",
				filepath.Base(d.Folder), d.Free, more, d.Floor)
		}
	}
	return nil
}

// Check is nil while every disk has more than its floor free; for /readyz.
func (ds *Disks) Check(context.Context) error { return ds.room(0) }

// room asks for room for a whole file that is about to come, where it comes to this machine.
func (up *Uploads) room(size int64) error {
	if up.Direct() {
		return nil
	}
	return up.disks.room(size)
}

// roomForStage asks for as much room as the uploaded video takes: what is made of it is rarely more.
func (pl *Pipeline) roomForStage(ctx context.Context, a StageArgs) error {
	if pl.disks.floor == 0 {
		return nil
	}
	v, err := pl.q.VideoByID(ctx, pl.pool, a.VideoID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // there is nothing to do either
	}
	if err != nil {
		return fmt.Errorf("read video %d: %w", a.VideoID, err)
	}
	return pl.disks.room(v.Size)
}

// roomEvery is how many bytes are written before the disks are looked at again.
const roomEvery = 16 << 20

// roomy ends reading with ErrDiskFull when a disk gets full meanwhile, by these bytes or by others.
type roomy struct {
	r    io.Reader
	room func(more int64) error
	left int64
}

func (l *roomy) Read(b []byte) (int, error) {
	if l.left <= 0 {
		if err := l.room(0); err != nil {
			return 0, err
		}
		l.left = roomEvery
	}
	n, err := l.r.Read(b)
	l.left -= int64(n)
	return n, err
}
