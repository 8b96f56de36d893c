package mail

import (
	"context"
	"fmt"
	"slices"

	"videomall/mall/fault"
	"videomall/mall/mail/internal/dbsqlc"
)

// ErrTopic reports that there is no such topic, or that it can't be switched off.
var ErrTopic = fault.New(fault.NotFound, "mail_topic_unknown", "There is no such topic to choose.")

// Topics lists all topics, those that can be switched off last.
func Topics() []Topic {
	return []Topic{TopicAccount, TopicOrders, TopicReminders, TopicWork, TopicFollowed}
}

// Optional reports whether people can switch the topic off.
func (t Topic) Optional() bool { return slices.Contains(Topics()[2:], t) }

// topicOf returns the topic of a kind of mail; kinds that nobody gave one are always sent.
func (s *Mails) topicOf(kind string) Topic {
	if s.deps.TopicOf == nil {
		return TopicAccount
	}
	return s.deps.TopicOf(kind)
}

// Chosen returns whether a person wants each of the topics that can be switched off.
func (s *Mails) Chosen(ctx context.Context, userID int64) (map[Topic]bool, error) {
	rows, err := s.q.Preferences(ctx, s.deps.Pool, userID)
	if err != nil {
		return nil, fmt.Errorf("mail preferences of %d: %w", userID, err)
	}
	chosen := map[Topic]bool{}
	for _, t := range Topics() {
		if t.Optional() {
			chosen[t] = true
		}
	}
	for _, r := range rows {
		chosen[Topic(r.Topic)] = r.Wanted
	}
	return chosen, nil
}

// Choose records whether a person wants a topic. Errors: ErrTopic.
func (s *Mails) Choose(ctx context.Context, userID int64, topic Topic, wanted bool) error {
	if !topic.Optional() {
		return ErrTopic.Because("topic %q", topic)
	}
	err := s.q.SetPreference(ctx, s.deps.Pool, dbsqlc.SetPreferenceParams{
		UserID: userID,
		Topic:  string(topic),
		Wanted: wanted,
		At:     s.deps.Now(),
	})
	if err != nil {
		return fmt.Errorf("set mail preference of %d: %w", userID, err)
	}
	return nil
}

// unwanted says why a mail must not be sent, "" if it may be. trial reports that the address is suppressed, and that
// this may become the mail of one more try. mailID is 0 for a mail that is not written yet.
func (s *Mails) unwanted(ctx context.Context, q dbsqlc.DBTX, m Mail) (reason string, trial bool, err error) {
	topic := s.topicOf(m.Kind)
	standing, err := s.q.Standing(ctx, q, dbsqlc.StandingParams{
		Address: normal(m.To),
		UserID:  m.UserID,
		Topic:   string(topic),
	})
	if err != nil {
		return "", false, fmt.Errorf("does anybody want mail %s: %w", m.Cause, err)
	}
	suppressed := standing.Cause == string(Bounce) || standing.Cause != "" && topic.Optional()
	switch {
	case suppressed && (m.ID == 0 || m.ID != standing.TrialMail):
		return ReasonSuppressed, standing.Trial, nil
	case topic.Optional() && !standing.Wanted:
		return ReasonUnwanted, false, nil
	case m.CreatorID != 0 && s.deps.Wanted != nil:
		wanted, err := s.deps.Wanted(ctx, q, m.UserID, m.CreatorID)
		if err == nil && !wanted {
			reason = ReasonUnwanted
		}
		return reason, false, err
	}
	return "", standing.Trial, nil
}
