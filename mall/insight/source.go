package insight

import (
	"net/url"
	"strings"
)

// The sources with fixed names; any other is the name of a site or of a campaign.
const (
	SourceDirect  = "direct"  // typed in, from a bookmark, or from a program that says nothing
	SourceSearch  = "search"  // a search engine
	SourceSocial  = "social"  // a social network or a messenger
	SourceOther   = "other"   // stands for further sources of a day with too many names
	SourceUnknown = "unknown" // no source is known of the buyer; never stored
)

// mostSources bounds the number of names that a creator's day may have, since anybody can make up names.
const mostSources = 40

// longestName is the length of the longest name of a source, in characters.
const longestName = 40

// SourceOf names the source that led a browser here: the utm_source or ref of the address, else the page that linked
// here. host is that of the mall. SourceOf returns "" for a link within the mall, which says nothing about the source.
func SourceOf(tag, referrer, host string) string {
	if name := label(tag); name != "" {
		return kind(name)
	}
	if referrer == "" {
		return SourceDirect
	}
	u, err := url.Parse(referrer)
	if err != nil || u.Hostname() == "" {
		return SourceDirect
	}
	from := strings.ToLower(u.Hostname())
	if own, _, _ := strings.Cut(strings.ToLower(host), ":"); from == own {
		return ""
	}
	return kind(label(strings.TrimPrefix(from, "www.")))
}

// label cleans a name: it keeps letters, digits, dots, hyphens and underscores, at most 40 of them.
func label(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(s)) {
		if b.Len() == longestName {
			break
		}
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

// kind replaces the names of search engines and social networks by SourceSearch and SourceSocial.
func kind(name string) string {
	switch name {
	case "":
		return SourceDirect
	case SourceDirect, SourceSearch, SourceSocial, SourceOther:
		return name
	case SourceUnknown:
		return SourceOther
	}
	for part := range strings.SplitSeq(name, ".") {
		switch part {
		case "google", "bing", "baidu", "sogou", "so", "duckduckgo", "yandex", "ecosia", "yahoo", "brave", "qwant",
			"naver":
			return SourceSearch
		case "facebook", "instagram", "twitter", "x", "t", "weibo", "wechat", "weixin", "douyin", "tiktok", "bilibili",
			"zhihu", "xiaohongshu",
			"reddit", "linkedin", "lnkd", "pinterest", "telegram", "whatsapp", "youtube", "qq", "discord", "mastodon",
			"bsky", "threads":
			return SourceSocial
		}
	}
	return name
}
