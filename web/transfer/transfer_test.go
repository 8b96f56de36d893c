package transfer_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videomall/web/transfer"
)

// connListener is a listener that accepts the connections that a test gives it.
type connListener struct {
	net.Listener
	conns chan net.Conn
}

func (f connListener) Accept() (net.Conn, error) {
	c, ok := <-f.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

type addressed struct {
	net.Conn
	address *net.TCPAddr
}

func (a addressed) RemoteAddr() net.Addr { return a.address }

func TestListener_Accept_connections_of_an_address(t *testing.T) {
	t.Parallel()
	raw := connListener{conns: make(chan net.Conn, 1)}
	l := transfer.Listen(raw, transfer.Options{
		PerAddress: 2,
		Trusted:    []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
	})
	// dial returns the server's side of a connection, or nil if it was refused.
	dial := func(ip string) net.Conn {
		t.Helper()
		client, server := net.Pipe()
		t.Cleanup(func() { _ = client.Close() })
		raw.conns <- addressed{server, &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}}
		refused := make(chan string, 1)
		go func() {
			answer, _ := io.ReadAll(client)
			refused <- string(answer)
		}()
		accepted := make(chan net.Conn, 1)
		go func() {
			c, err := l.Accept()
			if err == nil {
				accepted <- c
			}
		}()
		select {
		case c := <-accepted:
			return c
		case answer := <-refused:
			if !strings.HasPrefix(answer, "HTTP/1.1 503 ") || !strings.Contains(answer, "Retry-After: ") {
				t.Errorf("refusal of %s: got %q, want 503 with Retry-After", ip, answer)
			}
			// Accept waits for the next connection. One from this machine is not limited.
			_, other := net.Pipe()
			raw.conns <- addressed{other, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}}
			<-accepted
			return nil
		}
	}
	first, second := dial("203.0.113.7"), dial("203.0.113.7")
	if first == nil || second == nil {
		t.Fatal("connection within the limit is refused")
	}
	if dial("203.0.113.7") != nil || l.Refused() != 1 {
		t.Fatalf("third connection is accepted, or the count is wrong: %d refused", l.Refused())
	}
	if dial("203.0.113.8") == nil {
		t.Fatal("connection from another address is refused")
	}
	_ = first.Close()
	_ = first.Close() // a second time changes nothing
	if dial("203.0.113.7") == nil || dial("203.0.113.7") != nil {
		t.Fatal("after one connection was closed, want exactly one more to be accepted")
	}
	if dial("2001:db8:1:2::1") == nil || dial("2001:db8:1:2:ffff::1") == nil || dial("2001:db8:1:2::3") != nil ||
		dial("2001:db8:1:3::1") == nil {
		t.Fatal("IPv6 connections are not counted by /64")
	}
	for range 5 {
		if dial("198.51.100.1") == nil || dial("127.0.0.1") == nil || dial("::1") == nil {
			t.Fatal("connections of a trusted proxy or of this machine are limited")
		}
	}
}

// serve answers requests by write, behind a listener with that send timeout.
func serve(t *testing.T, timeout time.Duration, write func(http.ResponseWriter,
	*http.Request),
) (*transfer.Listener, <-chan struct{}) {
	t.Helper()
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := transfer.Listen(raw, transfer.Options{SendTimeout: timeout})
	done := make(chan struct{}, 1)
	server := transfer.Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		write(w, r)
		done <- struct{}{}
	}))
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l, done
}

func ask(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: mall\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return c
}

// endless is more than all buffers on the way hold.
const endless = 1 << 30

func TestListener_stalled_reader(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	large, err := os.Create(filepath.Join(folder, "film"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(large.Truncate(endless), large.Close()); err != nil { // a sparse file, which takes no space
		t.Fatal(err)
	}
	for name, write := range map[string]func(http.ResponseWriter, *http.Request){
		"page": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 64<<20))
		},
		"file": func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, filepath.Join(folder, "film"))
		},
		"events": func(w http.ResponseWriter, r *http.Request) {
			event := []byte("data: " + strings.Repeat("x", 60_000) + "\n\n")
			for r.Context().Err() == nil {
				if _, err := w.Write(event); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, done := serve(t, 200*time.Millisecond, write)
			ask(t, l)
			<-done // would hang if the reader were not cut off
			if l.Stalled() != 1 {
				t.Errorf("stalled readers: got %d, want 1", l.Stalled())
			}
		})
	}
}

// taker is a connection that accepts all bytes and records the deadlines.
type taker struct {
	net.Conn
	took      int
	deadlines []time.Time
	largest   int
}

func (k *taker) Write(p []byte) (int, error) {
	k.took += len(p)
	k.largest = max(k.largest, len(p))
	return len(p), nil
}

func (k *taker) SetWriteDeadline(t time.Time) error {
	k.deadlines = append(k.deadlines, t)
	return nil
}

func (k *taker) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// TestConn_deadline_moves_with_progress checks that a slow reader is not cut off: the deadline moves with each piece
// that it reads, whatever is sent.
func TestConn_deadline_moves_with_progress(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	for name, send := range map[string]func(net.Conn) (int64, error){
		"written": func(c net.Conn) (int64, error) {
			n, err := c.Write(make([]byte, size))
			return int64(n), err
		},
		"copied": func(c net.Conn) (int64, error) {
			return c.(io.ReaderFrom).ReadFrom(bytes.NewReader(make([]byte, size)))
		},
		"copied in part": func(c net.Conn) (int64, error) {
			return c.(io.ReaderFrom).ReadFrom(&io.LimitedReader{R: bytes.NewReader(make([]byte, 2*size)), N: size})
		},
	} {
		raw := connListener{conns: make(chan net.Conn, 1)}
		k := &taker{}
		raw.conns <- k
		c, err := transfer.Listen(raw, transfer.Options{SendTimeout: time.Hour}).Accept()
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if n, err := send(c); n != size || err != nil || k.took != size {
			t.Errorf("%s: got %d sent, %d received, %v, want %d", name, n, k.took, err, size)
		}
		if len(k.deadlines) < 8 || k.largest > size/8 || k.deadlines[0].Before(began.Add(59*time.Minute)) {
			t.Errorf("%s: got %d deadlines for pieces of up to %d bytes, want at least 8", name, len(k.deadlines),
				k.largest)
		}
	}
}

// TestConn_SetWriteDeadline checks that an earlier deadline that a caller sets counts until the caller removes it.
func TestConn_SetWriteDeadline(t *testing.T) {
	t.Parallel()
	raw := connListener{conns: make(chan net.Conn, 1)}
	k := &taker{}
	raw.conns <- k
	c, err := transfer.Listen(raw, transfer.Options{SendTimeout: time.Hour}).Accept()
	if err != nil {
		t.Fatal(err)
	}
	earlier := time.Now().Add(time.Minute)
	for _, deadline := range []time.Time{earlier, {}} {
		if err := c.SetWriteDeadline(deadline); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if last := k.deadlines[len(k.deadlines)-1]; last.Equal(earlier) == deadline.IsZero() {
			t.Errorf("write deadline after setting %s: got %s", deadline, last)
		}
	}
}

// clock is a clock that reads move forward.
type clock struct{ now time.Time }

// drip is a reader that returns a few bytes at a time and moves the clock with each read.
type drip struct {
	clock *clock
	bytes int
	takes time.Duration
	left  int
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left <= 0 {
		return 0, io.EOF
	}
	d.clock.now = d.clock.now.Add(d.takes)
	n := min(d.bytes, len(p), d.left)
	d.left -= n
	return n, nil
}

type deadlines struct{ set []time.Time }

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

func TestBody_Read(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bytes    int
		takes    time.Duration
		rate     int64
		busy     time.Duration // between two reads
		want     error
		deadline bool // whether the last deadline is in the past
	}{
		"one byte a second": {1, time.Second, 1024, 0, transfer.ErrSlow, true},
		"just below":        {1000, time.Second, 1024, 0, transfer.ErrSlow, true},
		"slow but steady":   {2048, time.Second, 1024, 0, nil, false},
		"fast":              {64 << 10, time.Millisecond, 1024, 0, nil, false},
		"no limit":          {1, time.Second, 0, 0, nil, false},
		"busy mall":         {64 << 10, time.Millisecond, 1 << 20, time.Minute, nil, false},
		"bursts are summed": {90 << 10, 25 * time.Second, 1024, 0, nil, false},
	} {
		k := &clock{time.Unix(1_800_000_000, 0)}
		d := &deadlines{}
		b := transfer.NewBody(&drip{
			clock: k,
			bytes: c.bytes,
			takes: c.takes,
			left:  200 * c.bytes,
		}, d, transfer.BodyLimits{
			Rate: c.rate,
			Now:  func() time.Time { return k.now },
		})
		buffer := make([]byte, 1<<20)
		var err error
		for err == nil {
			_, err = b.Read(buffer)
			k.now = k.now.Add(c.busy)
		}
		b.End()
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", name, err, c.want)
		}
		if last := d.set[len(d.set)-1]; last.Before(k.now.Add(-time.Hour)) != c.deadline {
			t.Errorf("%s: last deadline: got %s, want in the past: %v", name, last, c.deadline)
		}
	}
}

func TestBody_Within(t *testing.T) {
	t.Parallel()
	k := &clock{time.Unix(1_800_000_000, 0)}
	end := k.now.Add(time.Minute)
	d := &deadlines{}
	b := transfer.NewBody(&drip{
		clock: k,
		bytes: 1,
		takes: 6 * time.Second,
		left:  10,
	}, d, transfer.BodyLimits{
		Within: time.Minute,
		Now:    func() time.Time { return k.now },
	})
	defer b.End()
	if _, err := io.Copy(io.Discard, b); err != nil {
		t.Fatal(err)
	}
	for _, at := range d.set {
		if at.After(end) {
			t.Errorf("deadline: got %s, want none after %s", at, end)
		}
	}
	if len(d.set) < 9 || !d.set[len(d.set)-1].Equal(end) {
		t.Errorf("deadlines: got %v, want at least 9, the last at the end", d.set)
	}
}

func TestBody_Stopping(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	set := make(chan time.Time, 10)
	b := transfer.NewBody(bytes.NewReader(nil), sends{set}, transfer.BodyLimits{Stopping: stopping})
	defer b.End()
	close(stopping)
	if at := <-set; at.After(time.Now().Add(-time.Hour)) {
		t.Errorf("deadline when the server stops: got %s, want one in the past", at)
	}
}

type sends struct{ to chan time.Time }

func (s sends) SetReadDeadline(t time.Time) error {
	s.to <- t
	return nil
}
