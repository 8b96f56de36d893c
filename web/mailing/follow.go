package mailing

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"videomall/mall/follow"
	"videomall/mall/locale"
	"videomall/mall/mail"
	"videomall/views/mails"
	"videomall/views/text"
)

// followKinds are the mails to followers of creators.
var followKinds = map[string]kind{
	follow.KindVideo: {
		topic: mail.TopicFollowed,
		write: followedVideo,
		sample: mail.Mail{Data: sample(follow.VideoMail{
			Creator:     locale.Text{Zh: "北岸影像", En: "North Shore Pictures"},
			CreatorSlug: "north-shore",
			Title:       locale.Text{Zh: "冰川之上", En: "Above the Glacier"},
			Slug:        "above-the-glacier",
		})},
	},
	follow.KindMessage: {
		topic: mail.TopicFollowed,
		write: creatorMessage,
		sample: mail.Mail{Data: sample(follow.MessageMail{
			Creator:     locale.Text{Zh: "北岸影像", En: "North Shore Pictures"},
			CreatorSlug: "north-shore",
			Subject:     "See you in March",
			Body:        "The next video is being edited.\nIt is out in March.\n\nThank you for watching!",
		})},
	},
}

// sample encodes what a sample is about.
func sample(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // of a value that is written above
	}
	return data
}

// creatorURL is the page of a creator.
func (c *Composer) creatorURL(slug string) string { return c.deps.PublicURL + "/creators/" + slug }

func followedVideo(c *Composer, _ context.Context, t *text.Printer, m mail.Mail) (mails.Body, error) {
	var about follow.VideoMail
	if err := json.Unmarshal(m.Data, &about); err != nil {
		return mails.Body{}, fmt.Errorf("read mail %d: %w", m.ID, err)
	}
	creator, title := t.Of(about.Creator), t.Of(about.Title)
	return mails.Body{
		Subject:    short(t.T("mail.followed_video_subject", "Creator", creator, "Title", title)),
		Title:      title,
		Paragraphs: []string{t.T("mail.followed_video_body", "Creator", creator, "Title", title)},
		Button:     c.page(t.T("mail.followed_video_button"), "/v/"+about.Slug),
		Reason:     t.T("mail.reason_followed", "Creator", creator),
	}, nil
}

// creatorMessage writes a creator's own words: their subject and text stay as they are, in whatever language.
func creatorMessage(c *Composer, _ context.Context, t *text.Printer, m mail.Mail) (mails.Body, error) {
	var about follow.MessageMail
	if err := json.Unmarshal(m.Data, &about); err != nil {
		return mails.Body{}, fmt.Errorf("read mail %d: %w", m.ID, err)
	}
	creator := t.Of(about.Creator)
	return mails.Body{
		Subject:    short(t.T("mail.creator_message_subject", "Creator", creator, "Subject", about.Subject)),
		Title:      about.Subject,
		Paragraphs: paragraphs(about.Body),
		Words:      about.Locale,
		Button: mails.Button{
			Label: t.T("mail.creator_message_button", "Creator", creator),
			URL:   c.creatorURL(about.CreatorSlug),
		},
		Notes:  []string{t.T("mail.creator_message_note", "Creator", creator)},
		Reason: t.T("mail.reason_followed", "Creator", creator),
	}, nil
}

// paragraphs splits a text at its empty lines.
func paragraphs(body string) (list []string) {
	for p := range strings.SplitSeq(body, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			list = append(list, p)
		}
	}
	return list
}

// longest is the length in characters to which mail programs show a subject, by and large.
const longest = 100

// short cuts a subject that names of people made too long.
func short(subject string) string {
	if runes := []rune(subject); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return subject
}
