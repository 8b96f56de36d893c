package fault_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// proxy stands between the program and PostgreSQL. It reads what the program sends, and can stop a transaction at its
// commit: before PostgreSQL receives it, or afterwards, with the answer withheld. A statement outside of a transaction is
// its own commit. The program is then killed, or its connection is cut so that it never learns the result of the commit.
type proxy struct {
	t        *testing.T
	listener net.Listener
	target   *pgx.ConnConfig

	mu     sync.Mutex
	armed  string // the query whose transaction is stopped
	after  bool
	cut    bool // cut the connection once the commit is answered
	caught chan struct{}
}

func newProxy(t *testing.T, databaseURL string) *proxy {
	t.Helper()
	target, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{
		t:        t,
		listener: l,
		target:   target,
	}
	t.Cleanup(func() { _ = l.Close() })
	go p.accept()
	return p
}

// url is the program's DATABASE_URL.
func (p *proxy) url() string {
	return "postgres://" + p.target.User + "@" + p.listener.Addr().String() + "/" + p.target.Database +
		"?sslmode=disable"
}

// arm stops the next transaction that runs the named query (of db/queries) at its commit, and then closes the channel.
func (p *proxy) arm(query string, after bool) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = query
	p.after = after
	p.cut = false
	p.caught = make(chan struct{})
	return p.caught
}

// sever lets the next transaction that runs the named query commit, and cuts its connection before the program receives
// the answer.
func (p *proxy) sever(query string) <-chan struct{} {
	caught := p.arm(query, true)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	return caught
}

// catches returns how to stop this commit, if it is the armed one. It does so once.
func (p *proxy) catches(ran map[string]bool) (caught chan struct{}, after, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.armed == "" || !ran[p.armed] {
		return nil, false, false
	}
	p.armed = ""
	return p.caught, p.after, p.cut
}

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			if err := p.relay(c); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) &&
				!errors.Is(err, net.ErrClosed) &&
				!strings.Contains(err.Error(), "reset by peer") && !strings.Contains(err.Error(), "broken pipe") {
				p.t.Logf("proxy: %v", err)
			}
		}()
	}
}

var queryName = regexp.MustCompile(`-- name: (\w+)`)

// relay copies one connection both ways, following the program's side message by message.
func (p *proxy) relay(client net.Conn) error {
	defer client.Close()
	network, address := pgNetwork(p.target)
	server, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	defer server.Close()
	back := pgproto3.NewBackend(client, io.Discard)
	hello, err := back.ReceiveStartupMessage()
	if err != nil {
		return err
	}
	if err := forward(server, hello); err != nil {
		return err
	}
	answers := &gate{to: client, swallowed: make(chan struct{}, 1)}
	go func() {
		_, _ = io.Copy(answers, server)
		_ = client.Close()
	}()
	statements, ran := map[string]string{}, map[string]bool{}
	var within, alone bool // a transaction; a caught statement outside of one has been sent
	var stopped chan struct{}
	for {
		message, err := back.Receive()
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *pgproto3.Parse:
			if name := queryName.FindStringSubmatch(m.Query); name != nil {
				statements[m.Name] = name[1]
			}
		case *pgproto3.Bind:
			name := statements[m.PreparedStatement]
			ran[name] = true
			if within {
				break
			}
			if caught, after, _ := p.catches(map[string]bool{name: true}); caught != nil {
				if !after {
					close(caught)
					_, _ = io.Copy(io.Discard, client)
					return nil
				}
				answers.close()
				alone, stopped = true, caught
			}
		case *pgproto3.Sync:
			if alone {
				if err := forward(server, m); err != nil {
					return err
				}
				<-answers.swallowed
				close(stopped)
				_, _ = io.Copy(io.Discard, client)
				return nil
			}
		case *pgproto3.Query:
			if m.String == "commit" {
				if caught, after, cut := p.catches(ran); caught != nil {
					if after {
						answers.close()
						if err := forward(server, m); err != nil {
							return err
						}
					}
					if cut {
						<-answers.swallowed
						close(caught)
						return nil
					}
					close(caught)
					_, _ = io.Copy(io.Discard, client) // waits until the program is gone
					return nil
				}
			}
			// Other simple queries, such as COPY, do not end a transaction.
			if begin, _, _ := strings.Cut(m.String, " "); begin == "begin" || begin == "commit" || begin == "rollback" {
				clear(ran)
				within = begin == "begin"
			}
		}
		if err := forward(server, message); err != nil {
			return err
		}
	}
}

func forward(w io.Writer, m pgproto3.FrontendMessage) error {
	b, err := m.Encode(nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, bytes.NewReader(b))
	return err
}

// gate lets answers through until it is closed.
type gate struct {
	mu     sync.Mutex
	to     net.Conn
	closed bool

	swallowed chan struct{} // receives when an answer is withheld
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		select {
		case g.swallowed <- struct{}{}:
		default:
		}
		return len(b), nil
	}
	return g.to.Write(b)
}

func pgNetwork(c *pgx.ConnConfig) (network, address string) {
	if strings.HasPrefix(c.Host, "/") {
		return "unix", c.Host + "/.s.PGSQL." + strconv.Itoa(int(c.Port))
	}
	return "tcp", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
}
