package browser_test

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"videomall/demo"
	"videomall/mall/account"
	"videomall/mall/order"
)

// clip makes a video of eight seconds. Two videos with the same pictures are duplicates and need a second reviewer, so
// each test that expects one approval to be enough uses pictures of its own.
func clip(t *testing.T, pictures string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "dawn.mp4")
	draw(t, "-f", "lavfi", "-i", pictures+"=s=640x360:r=25", "-f", "lavfi", "-i", "sine=f=330", "-t", "8", "-c:v",
		"libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", file)
	return file
}

func draw(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-y", "-nostdin"}, args...)...).
		CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v %s", err, out)
	}
}

// videoAndCover makes what a creator uploads: a video that takes more than one piece to upload, and a picture.
func videoAndCover(t *testing.T) (file, cover string) {
	t.Helper()
	file = clip(t, "testsrc2")
	cover = filepath.Join(filepath.Dir(file), "cover.png")
	draw(t, "-f", "lavfi", "-i", "gradients=s=1280x720", "-frames:v", "1", cover)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	free := make([]byte, 40<<20) // a box that every player skips
	binary.BigEndian.PutUint32(free, uint32(len(free)))
	copy(free[4:], "free")
	if _, err := f.Write(free); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return file, cover
}

// stall lets the first piece of an upload through and never sends the second one.
const stall = `(() => {
	window.pieces = 0;
	const { open, send } = XMLHttpRequest.prototype;
	XMLHttpRequest.prototype.open = function (method, ...rest) { this.method = method; return open.call(this, method, ...rest); };
	XMLHttpRequest.prototype.send = function (body) { if (this.method !== 'PATCH' || ++window.pieces < 2) return send.call(this, body); };
	return true;
})()`

// TestStudio_from_upload_to_earnings follows a new creator from a file on disk to earnings. The upload is interrupted
// and resumed; the video is packaged, priced, reviewed, bought and watched; the studio shows the sale and the earnings.
// In the end an operator takes the video down, which refunds the buyer.
func TestStudio_from_upload_to_earnings(t *testing.T) {
	t.Parallel()
	file, cover := videoAndCover(t)
	creator := newPerson(t, look{lang: "en", width: 1280})
	name := strings.ToLower(rand.Text()[:10])

	creator.visit("/sign-up")
	creator.fill(`#name`, "Dawn Films")
	creator.fill(`#email`, "creator-"+name+"@example.test")
	creator.fill(`#password`, password)
	creator.click(`form[action="/sign-up"] button[type=submit]`)
	creator.until(`location.pathname !== '/sign-up'`)
	creator.visit("/sell")
	creator.fill(`#creator-name-en`, "Dawn Films "+name)
	creator.fill(`#creator-name-zh`, "晨光影业")
	creator.fill(`#creator-slug`, "dawn-"+name)
	creator.click(`form[action="/account/creator"] button[type=submit]`)
	creator.at("/studio/listings")

	video := creator.uploads(file)
	eventually(t, "the video is packaged", func() bool {
		return creator.mall.text(t, `select state from media_video where id = $1`, video) == "ready"
	})
	creator.has(`form[action$="/cover"]`)

	slug := "first-light-" + name
	spu := creator.lists(video, slug, cover)
	operator := newPerson(t, look{lang: "en", width: 1280})
	operator.enter(operator.mall.account(t, "Olga", account.RoleOperator))
	operator.approves(spu, video)

	shopper := newPerson(t, look{lang: "en", width: 1280})
	shopper.enter(shopper.mall.account(t, "Sam", account.RoleShopper))
	shopper.visit("/v/" + slug)
	shopper.click(`button[name=next][value="/checkout"]`)
	shopper.at("/checkout")
	sale := trip{slug: slug}
	orderNo := sale.buy(shopper)
	sale.watch(shopper)

	creator.visit("/studio/orders")
	creator.until(`document.querySelector('main').innerText.includes(` + quoted(orderNo) + `)`)
	creator.visit("/studio/earnings")
	creator.until(`document.querySelector('main').innerText.includes('8.41')`) // of 9.90, less 15 % for the mall
	creator.visit("/studio")
	creator.until(`document.querySelector('main').innerText.includes('9.90')`)

	operator.visit(fmt.Sprintf("/admin/takedowns/new?spu=%d", spu))
	operator.fill(`#reason`, "somebody else's bars")
	operator.click(`input[name=access][value=end]`)
	// The shopper is still watching, and the heartbeat may be the first request that is refused.
	shopper.expect(`404 \(Not Found\)`)
	shopper.expect(`403 \(Forbidden\)`)
	shopper.expect(`410 \(Gone\)`)
	operator.click(`form[action="/admin/takedowns"] button[data-once]`)
	operator.until(`location.pathname !== '/admin/takedowns/new'`)
	operator.mall.reaches(t, orderNo, order.Refunded)
	shopper.visit("/v/" + slug)
	shopper.until(`!document.querySelector('button[name=next]')`)
}

// uploads uploads a video whose second piece is never sent, leaves the page, chooses the same file again, which resumes
// the upload, and opens the page of the video.
func (p *person) uploads(file string) (video int64) {
	p.t.Helper()
	choose := chromedp.SetUploadFiles(chromedp.CSS(`[data-upload] input[type=file]`), []string{file})
	p.visit("/studio/videos/new")
	p.has(`[data-upload]:not([hidden])`)
	eval[bool](p, stall)
	p.do(choose)
	p.until(`window.pieces === 2`)
	p.click(`[data-pause]`)
	p.has(`[data-resume]:not([hidden])`)
	p.visit("/studio/videos") // discards the state of the page
	p.visit("/studio/videos/new")
	p.has(`[data-upload]:not([hidden])`)
	p.do(choose)
	p.has(`[data-open]:not([hidden])`)
	p.click(`[data-open]`)
	p.at("/studio/videos/")
	video = eval[int64](p, `Number(location.pathname.split('/')[3])`)
	if n := p.mall.count(p.t, `select count(*) from media_upload u join media_video v on v.owner_id = u.owner_id
		where v.id = $1`, video); n != 1 {
		p.fail(fmt.Sprintf("uploads: got %d, want 1 that was resumed", n))
	}
	return video
}

// lists describes and prices a video, and submits it for review.
func (p *person) lists(video int64, slug, cover string) (spu int64) {
	p.t.Helper()
	p.visit("/studio/listings/new")
	p.fill(`#title`, "First light")
	p.do(chromedp.SetValue(chromedp.CSS(`#category`), "1"),
		chromedp.SetValue(chromedp.CSS(`#video`), fmt.Sprint(video)))
	p.click(`form[action="/studio/listings"] button[type=submit]`)
	p.until(`/^\/studio\/listings\/\d+$/.test(location.pathname) && document.readyState === 'complete'`)
	spu = eval[int64](p, `Number(location.pathname.split('/')[3])`)
	p.do(chromedp.SetUploadFiles(chromedp.CSS(`main input[type=file]`), []string{cover}))
	p.until(`document.querySelector('#cover').value`)
	p.fill(`[name=title_zh]`, "第一缕光")
	p.do(setValue(`[name=slug]`, slug))
	p.fill(`[name=price]`, "9.90")
	p.click(`button[name=do][value=submit]:not(.sr-only)`)
	p.until(`document.querySelector('form[action$="/withdraw"]')`)
	return spu
}

// approves watches a video that nobody can buy yet, and approves its listing.
func (p *person) approves(spu, video int64) {
	p.t.Helper()
	p.visit(fmt.Sprintf("/admin/films/%d", video))
	p.click(`[data-player] [data-start]`)
	p.until(videoElement + `?.currentTime > 0.5`)
	c := p.mall.count(p.t, `select id from review_case where spu_id = $1`, spu)
	p.visit("/admin/review")
	p.click(fmt.Sprintf(`a[href="/admin/review/%d"]`, c))
	p.at(fmt.Sprintf("/admin/review/%d", c))
	p.click(`[commandfor="approve"]`)
	p.click(`form[action$="/approve"] button[data-once]`)
	p.until(`location.pathname === '/admin/review'`)
}

// TestSell_become_creator follows a guest from the footer of the front page into the studio.
func TestSell_become_creator(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{
		lang:  "zh-CN",
		width: 390,
		theme: "dark",
	})
	p.visit("/")
	p.click(`footer a[href="/sell"]`)
	p.at("/sell")
	p.click(`main a[href^="/sign-up"]`)
	p.at("/sign-up")
	p.fill(`#name`, "Robin 罗宾")
	p.fill(`#email`, "sells-"+strings.ToLower(rand.Text()[:10])+"@example.test")
	p.fill(`#password`, password)
	p.click(`form[action="/sign-up"] button[type=submit]`)
	p.until(`location.pathname + location.hash === '/sell#creator' && document.readyState === 'complete'`)
	p.fill(`#creator-name-zh`, "罗宾") // one language is enough
	p.fill(`#creator-slug`, "robin-"+strings.ToLower(rand.Text()[:8]))
	p.click(`form[action="/account/creator"] button[type=submit]`)
	p.at("/studio/listings")
	p.visit("/sell")
	p.click(`main a[href="/studio"]`)
	p.at("/studio")
}

// TestSell_from_studio opens the studio as a guest, who is redirected to the page about selling, and signs in as a
// creator from there.
func TestSell_from_studio(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{lang: "en", width: 1280})
	p.visit("/studio")
	p.at("/sell")
	p.click(`main header a[href^="/sign-in"]`)
	p.at("/sign-in")
	p.fill(`#email`, "creator@example.test")
	p.fill(`#password`, demo.Password)
	p.click(`form[action="/sign-in"] button[type=submit]`)
	p.at("/studio")
}
