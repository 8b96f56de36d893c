package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"videomall/mall/media"
)

const (
	coversAtOnce = 8
	coversMost   = 250 // MiB that they may raise resident memory by
	idleReaders  = 500
	// idleFor is longer than SEND_TIMEOUT; by then all readers that take nothing are to be gone.
	idleFor = 60 * time.Second
)

// covers has eight creators upload a picture of 40 million pixels at once, and measures by how much the process's
// resident memory rises at most. One that is told to come again comes again.
func (b *bench) covers(ctx context.Context) (rows []row, err error) {
	for _, kind := range []struct {
		name   string
		encode func(io.Writer, image.Image) error
	}{
		{"jpeg", func(w io.Writer, p image.Image) error { return jpeg.Encode(w, p, &jpeg.Options{Quality: 70}) }},
		{"png", func(w io.Writer, p image.Image) error {
			return (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(w, p)
		}},
	} {
		var picture bytes.Buffer
		if err := kind.encode(&picture, fortyMillion()); err != nil {
			return nil, err
		}
		raised, took, err := b.coversOf(ctx, picture.Bytes())
		if err != nil {
			return nil, fmt.Errorf("covers, %s of %d bytes: %w", kind.name, picture.Len(), err)
		}
		rows = append(rows,
			row{
				Name:  "covers_8_at_once_" + kind.name,
				Value: raised,
				Unit:  "MiB more",
				Limit: coversMost,
				Ratio: round(raised / coversMost),
			},
			row{
				Name:  "covers_8_at_once_" + kind.name + "_took",
				Value: round(took.Seconds()),
				Unit:  "s",
			})
	}
	return rows, nil
}

func (b *bench) coversOf(ctx context.Context, picture []byte) (raised float64, took time.Duration, err error) {
	debug.FreeOSMemory()
	before, err := resident()
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	failed := make([]error, coversAtOnce)
	done := make(chan struct{})
	var creators sync.WaitGroup
	for i := range coversAtOnce {
		creators.Go(func() {
			for {
				_, err := b.program.Mall.Media.Covers.Save(ctx, int64(900_000+i), bytes.NewReader(picture))
				if !errors.Is(err, media.ErrCoversWaiting) {
					failed[i] = err
					return
				}
			}
		})
	}
	go func() { creators.Wait(); close(done) }()
	most := before
	for ticks := time.NewTicker(5 * time.Millisecond); ; {
		now, err := resident()
		if err != nil {
			return 0, 0, err
		}
		most = max(most, now)
		select {
		case <-done:
			ticks.Stop()
			return round(float64(most-before) / (1 << 20)), time.Since(began), errors.Join(failed...)
		case <-ticks.C:
		}
	}
}

// fortyMillion is as noisy as a photograph that still fits into the 15 MB that a cover may have.
func fortyMillion() image.Image {
	p := image.NewRGBA(image.Rect(0, 0, 8000, 5000))
	noise := rand.New(rand.NewPCG(1, 2))
	for y := range 5000 {
		for x := range 8000 {
			v := uint8(x / 32)
			if noise.IntN(40) == 0 {
				v += uint8(noise.IntN(4))
			}
			p.SetRGBA(x, y, color.RGBA{v, uint8(y / 20), 128, 255})
		}
	}
	return p
}

// readers has 500 connections ask for more than any buffer holds and read nothing of it. Half ask for one video's file
// over and over, half for pages; each sends its requests at once.
func (b *bench) readers(ctx context.Context) ([]row, error) {
	address := strings.TrimPrefix(b.url, "http://")
	trailer, err := b.someTrailer()
	if err != nil {
		return nil, err
	}
	runtime.GC()
	debug.FreeOSMemory()
	start, err := b.standing()
	if err != nil {
		return nil, err
	}
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for i := range idleReaders {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		conns = append(conns, c)
		if err := c.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			return nil, err
		}
		path, times := "/", 100
		if i%2 == 0 {
			path = trailer
		}
		_ = c.SetWriteDeadline(time.Now().Add(5 * time.Second)) // whatever it took of the requests is enough
		_, _ = io.WriteString(c, strings.Repeat("GET "+path+" HTTP/1.1\r\nHost: "+address+"\r\n\r\n", times))
	}
	time.Sleep(2 * time.Second)
	during, err := b.standing()
	if err != nil {
		return nil, err
	}
	time.Sleep(idleFor)
	debug.FreeOSMemory()
	after, err := b.standing()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, s := range []struct {
		when string
		at   standing
	}{{"before", start}, {"during", during}, {"after_60s", after}} {
		rows = append(rows,
			row{
				Name:  "readers_500_idle_memory_" + s.when,
				Value: round(float64(s.at.resident) / (1 << 20)),
				Unit:  "MiB",
			},
			row{
				Name:  "readers_500_idle_goroutines_" + s.when,
				Value: float64(s.at.goroutines),
				Unit:  "goroutines",
			},
			row{
				Name:  "readers_500_idle_open_" + s.when,
				Value: float64(s.at.sockets),
				Unit:  "sockets",
			})
	}
	return rows, nil
}

// someTrailer is the address of the largest file of all clear trailers.
func (b *bench) someTrailer() (path string, err error) {
	folder := filepath.Join(b.cfg.DataDir, "media", "trailers")
	var largest int64
	err = fs.WalkDir(os.DirFS(folder), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Size() > largest {
			largest = info.Size()
			path = "/media/trailers/" + name
		}
		return err
	})
	return path, err
}

// standing is what the process holds.
type standing struct {
	resident            int64 // bytes
	goroutines, sockets int
}

func (b *bench) standing() (s standing, err error) {
	s.goroutines = runtime.NumGoroutine()
	if s.resident, err = resident(); err != nil {
		return s, err
	}
	s.sockets, err = established(b.url[strings.LastIndex(b.url, ":")+1:])
	return s, err
}

// resident is the process's memory in bytes, of proc(5).
func resident() (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm says %q", text)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// established counts the server's connections, of proc(5).
func established(port string) (n int, err error) {
	number, err := strconv.Atoi(port)
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) > 3 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", number)) && f[3] == "01" {
			n++
		}
	}
	return n, nil
}
