package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SMTP hands mails to a mail server, one connection a mail.
type SMTP struct {
	client *gomail.Client
	reach  time.Duration
}

// SMTPOptions say how a server is reached.
type SMTPOptions struct {
	// URL is smtps://user:password@host:465 for TLS from the first byte, or smtp://user:password@host:587, which goes on
	// with STARTTLS or not at all. On a loopback address smtp:// may stay without TLS if the server offers none.
	URL string
	// Timeout bounds connecting, and then the conversation.
	Timeout time.Duration
	TLS     *tls.Config // nil trusts the system's authorities
}

// NewSMTP reads the options. It connects to nothing. Its errors never contain the password.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	u, err := url.Parse(o.URL)
	if err != nil { // the error's text repeats the URL with its password
		return nil, errors.New("it is not a URL; write one such as smtps://user:password@mail.example:465")
	}
	if u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("write a host and a port, such as smtps://user:password@mail.example:465")
	}
	options := []gomail.Option{gomail.WithTimeout(o.Timeout), gomail.WithoutNoop()}
	if o.TLS != nil {
		config := o.TLS.Clone()
		config.ServerName = u.Hostname()
		options = append(options, gomail.WithTLSConfig(config))
	}
	port := 587
	switch u.Scheme {
	case "smtps":
		port = 465
		options = append(options, gomail.WithSSL())
	case "smtp":
		policy := gomail.TLSMandatory
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			policy = gomail.TLSOpportunistic
		}
		options = append(options, gomail.WithTLSPolicy(policy))
	default:
		return nil, errors.New("write a URL that begins with smtps:// or smtp://")
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return nil, fmt.Errorf("%q is not a port", p)
		}
	}
	options = append(options, gomail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		options = append(options,
			gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()),
			gomail.WithPassword(password),
		)
	}
	client, err := gomail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, err
	}
	return &SMTP{client: client, reach: o.Timeout}, nil
}

// Send connects, and hands one mail over. Errors: ErrRefused if the server answers with a permanent code (RFC 5321
// §4.2.1) to the mail, ErrUnclear if the connection is lost between the mail's last byte and the answer.
func (s *SMTP) Send(ctx context.Context, e Envelope) error {
	m, err := message(e)
	if err != nil {
		return err
	}
	conn, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	defer func() { _ = s.client.CloseWithSMTPClient(conn) }()
	if err := conn.UpdateDeadline(s.reach); err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	err = s.client.SendWithSMTPClient(conn, m)
	if m.IsDelivered() { // what fails after that, such as RSET, is not about the mail
		return nil
	}
	return verdict(err)
}

func verdict(err error) error {
	refusal, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return err
	}
	switch code := refusal.ErrorCode(); {
	case code >= 500:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case code == 0 && refusal.Reason == gomail.ErrSMTPDataClose:
		return fmt.Errorf("%w: %w", ErrUnclear, err)
	}
	return err
}
