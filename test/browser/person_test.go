package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"videomall/demo"
	"videomall/mall/account"
)

// look is the set-up of a browser.
type look struct {
	lang  string // zh-CN or en
	width int64  // CSS pixels
	theme string // light or dark; empty leaves it to the browser, which chooses light
}

// person is somebody with a browser profile of their own.
type person struct {
	t    *testing.T
	ctx  context.Context
	mall *house
	look look

	userID int64 // of the account that enter has signed in

	mu       sync.Mutex
	wrong    []string // errors that fail the test
	expected []*regexp.Regexp
	requests []string                     // requested addresses, in order
	open     map[network.RequestID]string // the address of each request that has not ended
	bytes    map[string]float64           // over the wire, headers included, by address
	settled  time.Time                    // when the last request ended
}

// watcher reports what the browser does not write to the console, and sums the layout shifts.
const watcher = `addEventListener('securitypolicyviolation', e => console.error('CSP violation: ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile + ':' + e.lineNumber));
window.shifted = 0; window.shifts = [];
new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) { window.shifted += e.value;
	window.shifts.push(e.value.toFixed(4) + ' ' + e.sources.map(s => s.node?.outerHTML?.slice(0, 120) ?? s.node?.nodeName).join(' | ')); } })).observe({ type: 'layout-shift', buffered: true });`

// themes are the values of the theme cookie.
var themes = map[string]string{"light": "mall", "dark": "mall-dark"}

func newPerson(t *testing.T, l look) *person {
	t.Helper()
	h, root := require(t)
	return visitor(t, h, root, l)
}

// visitor is newPerson at a mall of the test's own.
func visitor(t *testing.T, h *house, root context.Context, l look) *person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(root, chromedp.WithNewBrowserContext())
	ctx, end := context.WithTimeout(ctx, 10*time.Minute) // a walk through all pages, on a busy machine
	p := &person{
		t:     t,
		ctx:   ctx,
		mall:  h,
		look:  l,
		open:  map[network.RequestID]string{},
		bytes: map[string]float64{},
	}
	t.Cleanup(func() {
		p.mu.Lock()
		for _, w := range p.wrong {
			t.Error(w)
		}
		p.mu.Unlock()
		end()
		cancel()
	})
	p.do(chromedp.EmulateViewport(l.width, height(l.width)))
	p.ok(chromedp.Listen(ctx, p.hear))
	_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: watcher})
	p.ok(err)
	p.cookie("lang", l.lang)
	if l.theme != "" {
		p.cookie("theme", themes[l.theme])
	}
	return p
}

func height(width int64) int64 {
	if width < 600 {
		return 844
	}
	return 900
}

// hear handles every event of the tab; it must not send commands to the browser.
func (p *person) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			words := []string{"console error:"}
			for _, a := range e.Args {
				words = append(words, string(a.Value), a.Description)
			}
			p.amiss(strings.Join(words, " "))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.amiss("uncaught: " + text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			p.amiss(fmt.Sprintf("browser log: %s %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
		if u, err := url.Parse(e.Request.URL); err != nil ||
			u.Hostname() != "127.0.0.1" && u.Scheme != "data" && u.Scheme != "blob" && u.Scheme != "about" {
			p.amiss("request to another host: " + e.Request.URL)
		}
		if strings.HasPrefix(e.Request.URL, "http") {
			p.open[e.RequestID] = e.Request.URL
		}
	case *network.EventLoadingFinished:
		p.bytes[p.open[e.RequestID]] += e.EncodedDataLength
		delete(p.open, e.RequestID)
		p.settled = time.Now()
	case *network.EventLoadingFailed:
		delete(p.open, e.RequestID)
		p.settled = time.Now()
	}
}

func (p *person) amiss(what string) {
	for _, e := range p.expected {
		if e.MatchString(what) {
			return
		}
	}
	p.wrong = append(p.wrong, what)
}

// expect ignores matching errors from now on.
func (p *person) expect(pattern string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, regexp.MustCompile(pattern))
}

// quiet waits until nothing has been loading for a moment.
func (p *person) quiet() {
	p.t.Helper()
	eventually(p.t, "the network is quiet", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.open) == 0 && time.Since(p.settled) > 400*time.Millisecond
	})
}

// painted waits until the current page has been drawn twice, so that its layout shifts are counted.
func (p *person) painted() {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx,
		chromedp.Evaluate[bool](
			`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true)))))`, chromedp.EvalAwaitPromise))
	p.ok(err)
}

// asked reports whether a matching address was requested.
func (p *person) asked(pattern string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Contains(strings.Join(p.requests, "\n"), pattern)
}

func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.ok(chromedp.Do(p.ctx, steps...))
}

func (p *person) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.fail(err.Error())
	}
}

// fail ends the test with a message, the text of the page and a screenshot.
func (p *person) fail(what string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	where, _ := chromedp.Run(ctx,
		chromedp.Evaluate[string](
			`location.href + "\n" + (document.querySelector('main') ?? document.body).innerText.slice(0, 800)`))
	if png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil {
		_ = os.WriteFile(filepath.Join(p.t.ArtifactDir(), strings.ReplaceAll(p.t.Name(), "/", "_")+".png"), png, 0o644)
	}
	p.t.Fatalf("%s\nat %s", what, where)
}

func (p *person) cookie(name, value string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.SetCookie, network.SetCookieParams{
		Name:  name,
		Value: value,
		URL:   p.mall.url,
	})
	p.ok(err)
}

// visit opens an address of the mall.
func (p *person) visit(path string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate(p.mall.url+path))
	if err != nil && strings.Contains(err.Error(), "ERR_ABORTED") { // a page that was still on its way came in between
		err = chromedp.Do(ctx, chromedp.Navigate(p.mall.url+path))
	}
	if err != nil {
		p.fail("visit " + path + ": " + err.Error())
	}
}

// eval returns the value of a JavaScript expression.
func eval[T any](p *person, js string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](js))
	if err != nil {
		p.fail(js + ": " + err.Error())
	}
	return v
}

// until waits until an expression is true, across page loads.
func (p *person) until(js string) {
	p.t.Helper()
	var last error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(60 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
		ready, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+js+")"))
		cancel()
		if last = err; ready && err == nil {
			return
		}
	}
	p.fail(fmt.Sprintf("timed out waiting until true: %s (last error: %v)", js, last))
}

// at waits until the address begins with that path and the page has loaded.
func (p *person) at(path string) {
	p.t.Helper()
	p.until(
		fmt.Sprintf("(location.pathname + location.search).startsWith(%q) && document.readyState === 'complete'", path))
}

// has waits until a matching element exists.
func (p *person) has(css string) {
	p.t.Helper()
	p.until(fmt.Sprintf("document.querySelector(%q)", css))
}

// click clicks the first matching element with the mouse.
func (p *person) click(css string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible)); err != nil {
		p.fail("click " + css + ": " + err.Error())
	}
}

// fill types into a field with the keyboard.
func (p *person) fill(css, text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS(css), text, chromedp.NodeVisible)); err != nil {
		p.fail("fill " + css + ": " + err.Error())
	}
}

// beforePages runs a script in each page that is opened from now on, before the page's own.
func (p *person) beforePages(js string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: js})
	p.ok(err)
}

// scripts turns JavaScript off, or on again.
func (p *person) scripts(on bool) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled,
		emulation.SetScriptExecutionDisabledParams{Value: !on})
	p.ok(err)
}

// password is the password of every account that the tests create.
const password = "correct horse battery"

func passwordOf(email string) string {
	for _, a := range demo.Accounts {
		if a.Email == email {
			return demo.Password
		}
	}
	return password
}

// enter signs in by the sign-in form and gives the session to the browser.
func (p *person) enter(u account.User) {
	p.t.Helper()
	p.userID = u.ID
	client := http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	res, err := client.PostForm(p.mall.url+"/sign-in", url.Values{
		"email":    {u.Email},
		"password": {passwordOf(u.Email)},
	})
	p.ok(err)
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	if res.StatusCode != http.StatusSeeOther {
		p.t.Fatalf("sign in: got %s, want 303", res.Status)
	}
	// Loading a page here consumes the greeting, which would otherwise be shown on the first page of the test.
	greeted, err := http.NewRequestWithContext(p.ctx, http.MethodGet, p.mall.url+"/library", nil)
	p.ok(err)
	for _, c := range res.Cookies() {
		greeted.AddCookie(c)
		p.cookie(c.Name, c.Value)
	}
	page, err := client.Do(greeted)
	p.ok(err)
	p.ok(page.Body.Close())
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // strings always marshal
	return string(b)
}

// setValue replaces the text of a field.
func setValue(css, value string) chromedp.Action[chromedp.Void] {
	return chromedp.SetValue(chromedp.CSS(css), value, chromedp.NodeVisible)
}
