#!/usr/bin/env bash
# github.com/wneessen/go-mail v0.7.2: Client.DialAndSend resets the connection after each mail and then closes it, and returns an error if either fails,
# although the server has answered 250 to the mail by then. A server may end the connection at any time (RFC 5321 §3.8), so a program that tries
# again after an error sends such a mail twice. Msg.IsDelivered tells the two apart.
# For us: mall/mail dials and sends in two steps and believes IsDelivered (mall/mail/smtp.go, TestMails_Send_after_each_fault).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat > main.go <<'E'
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"strconv"

	"github.com/emersion/go-smtp"
	"github.com/wneessen/go-mail"
)

type session struct {
	conn *smtp.Conn
	took bool
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *session) Logout() error                        { return nil }

func (s *session) Data(r io.Reader) error {
	s.took = true
	_, err := io.Copy(io.Discard, r)
	return err
}

// Reset is called after the answer 250 was written.
func (s *session) Reset() {
	if s.took {
		s.conn.Conn().Close()
	}
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{conn: c}, nil
	}))
	server.Domain = "localhost"
	server.ErrorLog = log.New(io.Discard, "", 0)
	go server.Serve(l)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	n, _ := strconv.Atoi(port)
	client, err := mail.NewClient("127.0.0.1", mail.WithPort(n), mail.WithTLSPolicy(mail.NoTLS))
	if err != nil {
		panic(err)
	}
	m := mail.NewMsg()
	m.From("shop@example.com")
	m.To("shopper@example.com")
	m.Subject("Receipt")
	m.SetBodyString(mail.TypeTextPlain, "Thank you.")
	fmt.Println("DialAndSend fails:", client.DialAndSend(m) != nil)
	fmt.Println("the server accepted the mail:", m.IsDelivered())
}
E
go mod init sent 2>/dev/null
go get github.com/wneessen/go-mail@v0.7.2 github.com/emersion/go-smtp@v0.25.1 2>/dev/null
diff - <(timeout 60 go run .) <<'E'
DialAndSend fails: true
the server accepted the mail: true
E
echo 'go-mail v0.7.2: DialAndSend fails after the server has accepted the mail'
