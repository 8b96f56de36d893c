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

// diskFloor is how many bytes stay free on each disk that media are written to.
type diskFloor struct {
	bytes int64
	free  func(folder string) (int64, error)
}

// KeepFree sets how many bytes stay free, once, before the first upload. 0: nothing is checked.
func (m *Media) KeepFree(bytes int64) { m.disk = diskFloor{bytes: bytes, free: FreeBytes} }

// FreeBytes is how many bytes a process without privileges may still write to the disk of a folder.
func FreeBytes(folder string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", folder, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

// Disks are the folders that media are written to on this machine: the storage, unless it is a bucket, and the one that
// videos are made in.
func (m *Media) Disks() []string {
	var folders []string
	if here, ok := m.storage.store.(*folder); ok {
		folders = append(folders, here.root.Name())
	}
	if m.work != nil {
		folders = append(folders, m.work.Dir)
	}
	return folders
}

// Disk is a folder with the bytes that are free on its disk, and how many of them must stay so.
type Disk struct {
	Folder string
	Free   int64
	Floor  int64
}

// Low says that nothing more may be written there.
func (d Disk) Low() bool { return d.Free < d.Floor }

// FreeSpace looks at each of Disks.
func (m *Media) FreeSpace() ([]Disk, error) {
	var disks []Disk
	for _, f := range m.Disks() {
		free, err := FreeBytes(f)
		if m.disk.free != nil {
			free, err = m.disk.free(f)
		}
		if err != nil {
			return nil, err
		}
		disks = append(disks, Disk{
			Folder: f,
			Free:   free,
			Floor:  m.disk.bytes,
		})
	}
	return disks, nil
}

// room says ErrDiskFull where more bytes would leave less than the floor on one of the disks.
func (m *Media) room(more int64) error {
	if m.disk.bytes == 0 {
		return nil
	}
	disks, err := m.FreeSpace()
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

// CheckDisk is nil while every disk has more than its floor free; for /readyz.
func (m *Media) CheckDisk(context.Context) error { return m.room(0) }

// roomForUpload asks for room for a whole file that is about to come, where it comes to this machine.
func (m *Media) roomForUpload(size int64) error {
	if m.Direct() {
		return nil
	}
	return m.room(size)
}

// roomForStage asks for as much room as the uploaded video takes: what is made of it is rarely more.
func (m *Media) roomForStage(ctx context.Context, a StageArgs) error {
	if m.disk.bytes == 0 {
		return nil
	}
	v, err := m.q.VideoByID(ctx, m.pool, a.VideoID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // there is nothing to do either
	}
	if err != nil {
		return fmt.Errorf("read video %d: %w", a.VideoID, err)
	}
	return m.room(v.Size)
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
