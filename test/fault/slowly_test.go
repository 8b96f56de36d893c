package fault_test

import (
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"videomall/db/dbtest"
)

// slowly is a proxy between the program and Redis that can delay every answer of Redis.
type slowly struct {
	t        *testing.T
	redis    *dbtest.RedisHandle
	listener net.Listener
	target   atomic.Pointer[string]
	delay    atomic.Int64 // of each answer
}

func newSlowly(t *testing.T, redis *dbtest.RedisHandle) *slowly {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &slowly{
		t:        t,
		redis:    redis,
		listener: l,
	}
	s.follow()
	t.Cleanup(func() { _ = l.Close() })
	go s.accept()
	return s
}

// follow connects new clients to the current address of Redis.
func (s *slowly) follow() {
	target := s.redis.URL
	s.target.Store(&target)
}

// url is the program's REDIS_URL.
func (s *slowly) url() string { return "redis://" + s.listener.Addr().String() }

func (s *slowly) accept() {
	for {
		client, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.relay(client)
	}
}

func (s *slowly) relay(client net.Conn) {
	defer client.Close()
	target, err := url.Parse(*s.target.Load())
	if err != nil {
		s.t.Error(err)
		return
	}
	network, address := "tcp", target.Host
	if target.Scheme == "unix" {
		network, address = "unix", target.Path
	}
	server, err := net.Dial(network, address)
	if err != nil {
		return // the client sees a closed connection, as if Redis did not listen
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	answer := make([]byte, 64<<10)
	for {
		n, err := server.Read(answer)
		if err != nil {
			return
		}
		time.Sleep(time.Duration(s.delay.Load()))
		if _, err := client.Write(answer[:n]); err != nil {
			return
		}
	}
}
