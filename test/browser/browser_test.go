// Package browser_test uses the whole mall through Chromium, as people do. All tests share one mall and one browser, in
// which each person has a profile of their own. A console error, an uncaught exception, a violation of the
// Content-Security-Policy or a request to another host fails the test in which it happens.
package browser_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stopBrowser()
	if opened {
		h, err := theMall()
		if h != nil {
			err = errors.Join(err, h.close())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "close the mall:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

var (
	opened      bool // whether require has opened the mall
	stopBrowser = func() {}
	theBrowser  = sync.OnceValues(startBrowser)
	asking      sync.Mutex
)

// require returns the mall and the browser's context. Without a browser it skips the test, or fails it if E2E=required
// is set.
func require(t *testing.T) (*house, context.Context) {
	t.Helper()
	asking.Lock()
	defer asking.Unlock()
	if chromium() == "" {
		const missing = "no Chromium: apt-get install -y --no-install-recommends chromium, or set CHROME=/path"
		if os.Getenv("E2E") == "required" {
			t.Fatal(missing)
		}
		t.Skip("SKIPPED BROWSER TEST: " + missing)
	}
	opened = true
	h, err := theMall()
	if err != nil {
		t.Fatalf("open the mall: %v", err)
	}
	ctx, err := theBrowser()
	if err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return h, ctx
}

func chromium() string {
	for _, name := range []string{
		os.Getenv("CHROME"), "chromium", "chromium-browser", "google-chrome",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	} {
		if found, err := exec.LookPath(name); name != "" && err == nil {
			return found
		}
	}
	return ""
}

func startBrowser() (context.Context, error) {
	profile, err := os.MkdirTemp("", "videomall-chromium")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium()), chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 900), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(patience))
	actx, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, endContext := chromedp.NewContext(actx)
	stopBrowser = func() {
		_ = chromedp.Cancel(ctx)
		endContext()
		endAllocator()
		_ = os.RemoveAll(profile)
	}
	return ctx, chromedp.Do(ctx)
}
