package transfer

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// conn gives its reader SendTimeout for each chunk. It stands below the server, so that it holds for whatever is
// written: pages, files that the kernel copies, streams of events, and what the server flushes when a handler is done.
type conn struct {
	net.Conn
	listener *Listener
	leave    func()
	// until is a deadline that somebody else set, in nanoseconds since 1970; 0: none. The earlier one counts.
	until atomic.Int64
}

// Close ends the connection and makes room for another of its address.
func (c *conn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// CloseWrite ends what is sent; the server does so before it closes a connection whose request it didn't read to its
// end.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		c.until.Store(0)
	} else {
		c.until.Store(t.UnixNano())
	}
	return c.Conn.SetWriteDeadline(t)
}

// extend sets the deadline of the next chunk.
func (c *conn) extend() error {
	if c.listener.options.SendTimeout == 0 {
		return nil
	}
	deadline := time.Now().Add(c.listener.options.SendTimeout)
	if until := c.until.Load(); until != 0 && time.Unix(0, until).Before(deadline) {
		deadline = time.Unix(0, until)
	}
	return c.Conn.SetWriteDeadline(deadline)
}

// failed has the kernel throw away what a reader didn't take. Closed in the usual way, the connection would hold it for
// minutes.
func (c *conn) failed(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.listener.stalled.Add(1)
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
	return err
}

func (c *conn) Write(p []byte) (written int, err error) {
	for first := true; first || len(p) > 0; first = false {
		if err := c.extend(); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(p[:min(len(p), chunk)])
		written += n
		if err != nil {
			return written, c.failed(err)
		}
		p = p[n:]
	}
	return written, nil
}

// ReadFrom sends what r has. Of a file, in a LimitedReader or not, the kernel copies it.
func (c *conn) ReadFrom(r io.Reader) (sent int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: r, N: 1<<63 - 1}
	}
	for limited.N > 0 {
		if err := c.extend(); err != nil {
			return sent, err
		}
		// The kernel's way sees a file through one LimitedReader and not through two.
		part := io.LimitedReader{R: limited.R, N: min(limited.N, chunk)}
		want := part.N
		n, err := io.Copy(c.Conn, &part)
		sent += n
		limited.N -= n
		if err != nil {
			return sent, c.failed(err)
		}
		if n < want {
			break
		}
	}
	return sent, nil
}
