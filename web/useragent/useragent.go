// Package useragent names browsers and systems by their User-Agent. It refuses to decide anything by it.
package useragent

import "strings"

type agentMark struct{ sign, name string }

// Order matters: Edge and Opera call themselves Chrome, Chrome calls itself Safari, Android calls itself Linux.
var (
	browsers = []agentMark{
		{"MicroMessenger/", "WeChat"},
		{"Edg/", "Edge"},
		{"EdgA/", "Edge"},
		{"EdgiOS/", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
	}
	systems = []agentMark{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"HarmonyOS", "HarmonyOS"},
		{"Windows", "Windows"},
		{"Macintosh", "macOS"},
		{"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
	}
)

// Describe names the browser and the system of a User-Agent well enough for a person to know a device of theirs
// again; "" where it cannot tell. A User-Agent proves nothing, and nothing is decided by it.
func Describe(userAgent string) (browser, system string) {
	return firstAgent(userAgent, browsers), firstAgent(userAgent, systems)
}

func firstAgent(userAgent string, marks []agentMark) string {
	for _, m := range marks {
		if strings.Contains(userAgent, m.sign) {
			return m.name
		}
	}
	return ""
}
