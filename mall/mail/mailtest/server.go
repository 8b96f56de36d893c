// Package mailtest is a mail server for tests. It speaks SMTP, keeps what it accepts, and fails on demand.
package mailtest

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The one account of a server.
const (
	User     = "mall"
	Password = "a mail password"
)

// Fault is how a server fails the next mail.
type Fault int

// The faults of a server.
const (
	Busy       Fault = iota + 1 // 451 to the recipient
	NoSuchUser                  // 550 to the recipient
	Spam                        // 554 to the whole mail
	Greylisted                  // 450 to the whole mail
	Lost                        // takes the whole mail, and ends the connection without an answer
	Gone                        // accepts the mail, and then ends the connection
)

// Mail is what a server accepted.
type Mail struct {
	From, To string
	Raw      []byte
	TLS      bool
	User     string // who signed in, or ""
}

// Server is a mail server on a loopback address.
type Server struct {
	Addr string

	mu     sync.Mutex
	mails  []Mail
	faults []Fault
}

// Start runs a server until the test ends. With a certificate it offers STARTTLS, and signing in only behind it.
func Start(t testing.TB, certificate *tls.Certificate) *Server {
	t.Helper()
	s, err := start(t, certificate, false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// StartTLS is Start with TLS from the first byte.
func StartTLS(t testing.TB, certificate tls.Certificate) *Server {
	t.Helper()
	s, err := start(t, &certificate, true)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func start(t testing.TB, certificate *tls.Certificate, implicit bool) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: listener.Addr().String()}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	server.Domain = "localhost"
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.ReadTimeout, server.WriteTimeout = 10*time.Second, 10*time.Second
	server.AllowInsecureAuth = certificate == nil
	server.EnableSMTPUTF8 = true
	if certificate != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	}
	if implicit {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		_ = listener.Close() // which a server knows only once Serve runs; a test may end before
		<-done
	})
	return s, nil
}

// Fail makes the next mails fail, each as the fault says.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Mails returns what was accepted, the oldest first.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// next takes the next fault if it is one of those.
func (s *Server) next(of ...Fault) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 || !slices.Contains(of, s.faults[0]) {
		return 0
	}
	f := s.faults[0]
	s.faults = s.faults[1:]
	return f
}

type session struct {
	server *Server
	conn   *smtp.Conn
	mail   Mail
	ending bool // the connection ends with the reset that follows the answer to a mail
	user   string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return errors.New("wrong user or password")
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Reset() {
	if s.ending {
		_ = s.conn.Conn().Close()
	}
	s.mail = Mail{}
}

func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mail.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch s.server.next(Busy, NoSuchUser) {
	case Busy:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Try again later"}
	case NoSuchUser:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here"}
	}
	s.mail.To = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	fault := s.server.next(Spam, Greylisted, Lost, Gone)
	switch fault {
	case Spam:
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Looks like spam"}
	case Greylisted:
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted"}
	}
	_, s.mail.TLS = s.conn.TLSConnectionState()
	s.mail.Raw, s.mail.User = raw, s.user
	s.server.mu.Lock()
	s.server.mails = append(s.server.mails, s.mail)
	s.server.mu.Unlock()
	switch fault {
	case Lost:
		return s.conn.Conn().Close()
	case Gone:
		s.ending = true
	}
	return nil
}
