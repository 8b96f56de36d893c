package alipay

import (
	"crypto/md5"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// certificate parses the first certificate of a PEM text, which is the owner's; those of its issuers may follow.
func certificate(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("it is no PEM certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

// rootSerials returns the serials of the certificates in a PEM text that are signed with RSA, in their order, joined by
// underscores. The text also has certificates with Chinese SM2 keys, which RSA2 does without and Go can't parse.
func rootSerials(text string) (string, error) {
	var serials []string
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return "", fmt.Errorf("it holds a %.40q", block.Type)
		}
		signed, err := signedWithRSA(block.Bytes)
		if err != nil {
			return "", err
		}
		if !signed {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", err
		}
		s, err := serial(cert)
		if err != nil {
			return "", err
		}
		serials = append(serials, s)
	}
	if len(serials) == 0 {
		return "", errors.New("none is signed with RSA")
	}
	return strings.Join(serials, "_"), nil
}

// signedWithRSA reports whether the algorithm of a certificate's signature is one of RSA's (1.2.840.113549.1.1). It
// reads no more than that, so that it copes with keys which Go doesn't know.
func signedWithRSA(der []byte) (bool, error) {
	var c struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if rest, err := asn1.Unmarshal(der, &c); err != nil || len(rest) != 0 {
		return false, errors.New("one is no certificate")
	}
	return strings.HasPrefix(c.Algorithm.Algorithm.String()+".", "1.2.840.113549.1.1."), nil
}

// shortNames are how Alipay writes the attributes of an issuer.
var shortNames = map[string]string{
	"2.5.4.3":              "CN",
	"2.5.4.6":              "C",
	"2.5.4.7":              "L",
	"2.5.4.8":              "ST",
	"2.5.4.10":             "O",
	"2.5.4.11":             "OU",
	"1.2.840.113549.1.9.1": "E",
}

// serial returns what Alipay calls a certificate's SN: the MD5 of the issuer's attributes from the last to the first,
// joined by commas, followed by the serial number in decimal. Nothing is escaped, other than in pkix.Name.String.
func serial(c *x509.Certificate) (string, error) {
	var issuer pkix.RDNSequence
	if _, err := asn1.Unmarshal(c.RawIssuer, &issuer); err != nil {
		return "", fmt.Errorf("its issuer: %w", err)
	}
	var attributes []string
	for _, set := range issuer {
		for _, attribute := range set {
			name, known := shortNames[attribute.Type.String()]
			if !known {
				return "", fmt.Errorf("its issuer has an attribute %s, unlike Alipay's", attribute.Type)
			}
			attributes = append([]string{fmt.Sprintf("%s=%v", name, attribute.Value)}, attributes...)
		}
	}
	sum := md5.Sum([]byte(strings.Join(attributes, ",") + c.SerialNumber.String()))
	return hex.EncodeToString(sum[:]), nil
}
