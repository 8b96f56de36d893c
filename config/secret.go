package config

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Purposes of the derived keys. A key for one purpose does not work for any other.
const (
	KeySession = "session" // cookies
	KeyPlay    = "play"    // play tokens
	KeySegment = "segment" // signed segment paths
	KeyDevice  = "device"  // device fingerprints
	KeyMedia   = "media"   // wraps the content keys of encrypted media
	KeyAPI     = "api"     // wraps the secrets of partners' keys and signs their links
	KeyQueue   = "queue"   // passes of the queues before a sale
	KeyPayout  = "payout"  // wraps the accounts to which creators are paid
	KeyAudit   = "audit"   // the seal on the audit log
	KeyBrowser = "browser" // cookies of browsers in which people have signed in before
	KeyInsight = "insight" // hides the people whom the sums of a day counted
	KeyWebhook = "webhook" // wraps the secrets of creators' webhooks
	KeySandbox = "sandbox" // SANDBOX_SECRET in demo mode
	KeyMail    = "mail"    // wraps what only the recipients of mails may know
	KeyPayment = "payment" // wraps settings of payment providers
	KeyFactor  = "factor"  // wraps the secrets of authenticator apps
	KeyPayer   = "payer"   // cookies that know a payer for minutes
)

// Key derives the 32 bytes for one purpose from SECRET_KEY (HKDF-SHA256, RFC 5869).
func (c *Config) Key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, []byte(c.SecretKey), nil, "videomall/"+purpose, sha256.Size)
	if err != nil {
		panic(err) // happens only for a length over 255 hashes
	}
	return key
}

func fillSecrets(c *Config) (err error) {
	switch {
	case c.SecretKey == "" && !c.Demo:
		return errors.New(
			"SECRET_KEY is required when DEMO is off: set it to 32 random bytes or more, such as the output of: " +
				"openssl rand -base64 48")
	case c.SecretKey == "":
		if c.SecretKey, err = keptSecret(c); err != nil {
			return err
		}
	case len(c.SecretKey) < minSecret:
		return fmt.Errorf("SECRET_KEY has %d bytes and needs at least %d", len(c.SecretKey), minSecret)
	}
	switch {
	case c.Sandbox == "" && c.Demo:
		c.Sandbox = Secret(hex.EncodeToString(c.Key(KeySandbox)))
	case c.Sandbox != "" && len(c.Sandbox) < minSandbox:
		return fmt.Errorf("SANDBOX_SECRET has %d bytes and needs at least %d", len(c.Sandbox), minSandbox)
	case c.Sandbox != "" && !c.Demo && !c.SandboxOn:
		return errors.New(
			"SANDBOX_SECRET lets everybody pay without money, and DEMO is off: unset it, or set " +
				"SANDBOX_IN_PRODUCTION=on too")
	}
	return nil
}

// keptSecret reads DATA_DIR/secret.key, which the first start creates, so that sessions and media survive a restart.
func keptSecret(c *Config) (Secret, error) {
	path := c.Path("secret.key")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeSecret(c.DataDir, path); err == nil {
			b, err = os.ReadFile(path) // another process may have been faster
		}
	}
	if err != nil {
		return "", fmt.Errorf("DATA_DIR=%q: keep a secret there: %w", c.DataDir, err)
	}
	s := strings.TrimSpace(string(b))
	if len(s) < minSecret {
		return "", fmt.Errorf("DATA_DIR=%q: secret.key is damaged: delete it to get a new one, which ends all sessions",
			c.DataDir)
	}
	return Secret(s), nil
}

// makeSecret writes a temporary file and links it, so that the secret's file is whole or absent and never replaced.
func makeSecret(dir, path string) error {
	// Others may pass through the folder but not list it: root's private PostgreSQL runs as another account.
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	raw := make([]byte, 48)
	rand.Read(raw) // never fails
	f, err := os.CreateTemp(dir, "secret.key.*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n") // CreateTemp sets the mode 0600
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
