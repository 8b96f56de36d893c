package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// vm1Parts are the parameters of VM1, each of which occurs once.
var vm1Parts = []string{"key", "timestamp", "nonce", "body", "signature"}

// readVM1 reads "VM1 key=…, timestamp=…, nonce=…, body=…, signature=…", in any order. Errors: ErrMalformed.
func readVM1(authorization string) (Claim, error) {
	var w wrong
	parts := map[string]string{}
	_, rest, _ := strings.Cut(authorization, " ")
	for entry := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.Trim(entry, " \t"), "=")
		if !slices.Contains(vm1Parts, name) {
			w.is(true, "authorization", "unknown_parameter")
			continue
		}
		_, twice := parts[name]
		w.is(twice, name, "twice")
		parts[name] = value
	}
	for _, name := range vm1Parts {
		_, there := parts[name]
		w.is(!there, name, "missing")
	}
	c := Claim{
		Form:  VM1,
		KeyID: parts["key"],
		Nonce: parts["nonce"],
	}
	if w.err() != nil {
		return c, w.err()
	}
	w.is(!keyForm.MatchString(c.KeyID), "key", "malformed")
	w.is(!nonceForm.MatchString(c.Nonce), "nonce", "malformed")
	w.is(!stampForm.MatchString(parts["timestamp"]), "timestamp", "malformed")
	seconds, _ := strconv.ParseInt(parts["timestamp"], 10, 64)
	c.At = time.Unix(seconds, 0)
	c.digest = lowerHex(&w, "body", parts["body"])
	c.signature = lowerHex(&w, "signature", parts["signature"])
	return c, w.err()
}

// lowerHex reads a SHA-256 as 64 digits in lower case.
func lowerHex(w *wrong, part, digits string) []byte {
	sum, err := hex.DecodeString(digits)
	w.is(err != nil || len(sum) != sha256.Size || digits != strings.ToLower(digits), part, "malformed")
	return sum
}

// Text returns the lines that VM1 signs. query is what follows "?" in the address, as it was sent.
func Text(timestamp int64, nonce, method, host, path, query, bodyHash string) string {
	return strings.Join([]string{
		"VM1",
		strconv.FormatInt(timestamp, 10),
		nonce,
		method,
		host,
		path,
		sorted(query),
		bodyHash,
	}, "\n")
}

// sorted puts the pairs of a query in the order of the bytes of their names. Pairs of the same name keep their order,
// which may mean something. Nothing is decoded, so that "+" and "%20" stay what they are.
func sorted(query string) string {
	pairs := strings.Split(query, "&")
	slices.SortStableFunc(pairs, func(a, b string) int {
		nameA, _, _ := strings.Cut(a, "=")
		nameB, _, _ := strings.Cut(b, "=")
		return strings.Compare(nameA, nameB)
	})
	return strings.Join(pairs, "&")
}

func (c Claim) confirmsVM1(secret []byte, r Request) bool {
	path, query := r.parts()
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(Text(c.At.Unix(), c.Nonce, r.Method, r.Host, path, strings.TrimPrefix(query, "?"),
		hex.EncodeToString(c.digest))))
	return hmac.Equal(mac.Sum(nil), c.signature)
}
