package mail

import (
	"context"
	"fmt"

	"videomall/mall/mail/internal/dbsqlc"
)

// wants reports whether a person is sent a topic.
func (s *Mails) wants(ctx context.Context, userID int64, topic Topic) (bool, error) {
	chosen, err := s.Chosen(ctx, userID)
	if err != nil {
		return false, err
	}
	if wanted, ok := chosen[topic.Name]; ok {
		return wanted, nil
	}
	return topic.Wanted, nil
}

// Chosen returns what a person has chosen, by the name of the topic. Topics without a choice are missing.
func (s *Mails) Chosen(ctx context.Context, userID int64) (map[string]bool, error) {
	rows, err := s.q.Preferences(ctx, s.deps.Pool, userID)
	if err != nil {
		return nil, fmt.Errorf("mail preferences of %d: %w", userID, err)
	}
	chosen := make(map[string]bool, len(rows))
	for _, r := range rows {
		chosen[r.Topic] = r.Wanted
	}
	return chosen, nil
}

// Choose records whether a person wants a topic. Errors: ErrTopic.
func (s *Mails) Choose(ctx context.Context, userID int64, topic string, wanted bool) error {
	if !s.hasTopic(topic) {
		return ErrTopic
	}
	err := s.q.SetPreference(ctx, s.deps.Pool, dbsqlc.SetPreferenceParams{
		UserID: userID,
		Topic:  topic,
		Wanted: wanted,
		At:     s.deps.Now(),
	})
	if err != nil {
		return fmt.Errorf("set mail preference of %d: %w", userID, err)
	}
	return nil
}

func (s *Mails) hasTopic(name string) bool {
	for _, t := range s.deps.Topics {
		if t.Name == name {
			return true
		}
	}
	return false
}
