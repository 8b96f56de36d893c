package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"videomall/mall/fault"
)

// ErrUnsubscribe reports that nobody's mails are named by what was sent.
var ErrUnsubscribe = fault.New(fault.NotFound, "unsubscribe_unknown", "This link is not one of ours, or not whole.")

// Switch is what one link switches off and on: a topic of a person, or of it only what is about one creator.
type Switch struct {
	UserID    int64
	Topic     Topic
	CreatorID int64 // 0 for the whole topic
}

// signature is the length of a signature in a link, in bytes.
const signature = 16

// unsubscribeLabel keeps these signatures apart from whatever else the key may sign.
const unsubscribeLabel = "videomall/unsubscribe/1\x00"

// UnsubscribeToken returns the text that names a Switch in a link. It does not expire: a mail may be read years later.
func (s *Mails) UnsubscribeToken(w Switch) string {
	said := fmt.Sprintf("%d.%s.%d", w.UserID, w.Topic, w.CreatorID)
	return said + "." + base64.RawURLEncoding.EncodeToString(s.sign(said))
}

func (s *Mails) sign(said string) []byte {
	h := hmac.New(sha256.New, s.deps.Key)
	h.Write([]byte(unsubscribeLabel + said))
	return h.Sum(nil)[:signature]
}

// ReadUnsubscribe reads what UnsubscribeToken has written. Errors: ErrUnsubscribe.
func (s *Mails) ReadUnsubscribe(token string) (Switch, error) {
	at := strings.LastIndexByte(token, '.')
	if at < 0 || len(token) > 120 {
		return Switch{}, ErrUnsubscribe
	}
	said := token[:at]
	signed, err := base64.RawURLEncoding.Strict().DecodeString(token[at+1:])
	if err != nil || !hmac.Equal(signed, s.sign(said)) {
		return Switch{}, ErrUnsubscribe
	}
	parts := strings.Split(said, ".")
	if len(parts) != 3 {
		return Switch{}, ErrUnsubscribe
	}
	var w Switch
	if w.UserID, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
		return Switch{}, ErrUnsubscribe
	}
	if w.CreatorID, err = strconv.ParseInt(parts[2], 10, 64); err != nil {
		return Switch{}, ErrUnsubscribe
	}
	if w.Topic = Topic(parts[1]); !w.Topic.Optional() {
		return Switch{}, ErrUnsubscribe
	}
	return w, nil
}

// unsubscribe is the token of a mail; "" for one that can't be switched off.
func (s *Mails) unsubscribe(m Mail) string {
	topic := s.topicOf(m.Kind)
	if m.UserID == 0 || !topic.Optional() {
		return ""
	}
	return s.UnsubscribeToken(Switch{UserID: m.UserID, Topic: topic, CreatorID: m.CreatorID})
}
