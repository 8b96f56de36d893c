package account

import (
	"net"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"videomall/mall/fault"
)

// ErrNoPasskeys reports that browsers make no passkeys for the mall's address.
var ErrNoPasskeys = fault.New(fault.Unavailable, "no_passkeys", "Passkeys don't work at this address.")

// CanPasskey reports whether browsers make passkeys for pages of an origin such as "https://mall.example": it needs a
// name instead of an IP address, and https except on localhost.
func CanPasskey(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return false
	}
	return u.Scheme == "https" || u.Hostname() == "localhost"
}

// relyingParty returns the rules for passkeys of an origin: no other origin, and a person whom the device has
// recognized. Errors: ErrNoPasskeys.
func relyingParty(origin string) (*webauthn.WebAuthn, error) {
	if !CanPasskey(origin) {
		return nil, ErrNoPasskeys.Because("origin %q", origin)
	}
	u, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	return webauthn.New(&webauthn.Config{
		RPID:                  u.Hostname(),
		RPDisplayName:         u.Hostname(),
		RPOrigins:             []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(),
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			UserVerification:   protocol.VerificationRequired,
		},
	})
}

// passkeyOwner is a person as the library sees them.
type passkeyOwner struct {
	handle      []byte
	email, name string
	credentials []webauthn.Credential
}

var _ webauthn.User = passkeyOwner{}

// WebAuthnID returns the random name by which the person's passkeys know them.
func (o passkeyOwner) WebAuthnID() []byte { return o.handle }

// WebAuthnName returns what tells the person's accounts apart.
func (o passkeyOwner) WebAuthnName() string { return o.email }

// WebAuthnDisplayName returns the person's name.
func (o passkeyOwner) WebAuthnDisplayName() string { return o.name }

// WebAuthnCredentials returns the person's passkeys.
func (o passkeyOwner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }
