package useragent_test

import (
	"testing"

	"videomall/web/useragent"
)

func TestDescribe_browsers_and_systems(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string][2]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 " +
			"Safari/537.36 Edg/140.0.0.0": {"Edge", "Windows"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 " +
			"Safari/605.1.15": {"Safari", "macOS"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 " +
			"Mobile/15E148 Safari/604.1": {"Chrome", "iPhone"},
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile " +
			"Safari/537.36 MicroMessenger/8.0.50": {"WeChat", "Android"},
		"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0": {"Firefox", "Linux"},
		"curl/8.5.0": {"curl", ""},
		"":           {"", ""},
	} {
		if browser, system := useragent.Describe(agent); browser != want[0] || system != want[1] {
			t.Errorf("%q is %q on %q", agent, browser, system)
		}
	}
}
