package browser_test

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"videomall/mall/catalog"
	"videomall/mall/order"
	"videomall/mall/payment/alipay/alipaytest"
	"videomall/mall/payment/paypal/paypaltest"
	"videomall/mall/payment/stripe/stripetest"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// phone is what a phone's browser calls itself.
const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
	"Version/18.0 Mobile/15E148 Safari/604.1"

// providers are stand-ins for the servers of all providers, and the environment that makes a mall use them.
type providers struct {
	env    []string
	wechat *wechatpaytest.Bank
}

// standIns starts the stand-ins for a mall at an address.
func standIns(t *testing.T, address string) providers {
	t.Helper()
	notify := "http://" + address + "/api/v1/mall/payments/callback/"
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	card := stripetest.New(stripetest.Options{Now: time.Now, NotifyURL: notify + "stripe"})
	t.Cleanup(card.Close)
	ali, err := alipaytest.New(alipaytest.Options{Now: time.Now, NotifyURL: notify + "alipay", Post: true})
	ok(err)
	t.Cleanup(ali.Close)
	wechat, err := wechatpaytest.Open(wechatpaytest.Config{Now: time.Now, NotifyURL: notify + "wechatpay", Deliver: true})
	ok(err)
	t.Cleanup(wechat.Close)

	pal := paypaltest.New(paypaltest.Options{Now: time.Now, NotifyURL: notify + "paypal"})
	t.Cleanup(pal.Close)

	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		ok(os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	read := func(path string) string {
		raw, err := os.ReadFile(path)
		ok(err)
		return string(raw)
	}
	opt, keys := card.ProviderOptions(), wechat.Keys()
	public, err := x509.MarshalPKIXPublicKey(keys.PublicKeys[0].Key)
	ok(err)
	env := []string{
		"PAYMENT_MARK=" + stripetest.Shop,
		"STRIPE_SECRET_KEY=" + opt.SecretKey,
		"STRIPE_WEBHOOK_SECRETS=" + strings.Join(opt.WebhookSecrets, ","),
		"STRIPE_API_URL=" + opt.BaseURL,
		"PAYPAL_CLIENT_ID=" + paypaltest.ClientID,
		"PAYPAL_SECRET_FILE=" + file("paypal", paypaltest.Secret+"\n"),
		"PAYPAL_WEBHOOK_IDS=" + paypaltest.WebhookID,
		"PAYPAL_API_URL=" + pal.URL(),
		"PAYPAL_CERT_HOSTS=" + pal.Host(),
		"PAYPAL_ROOT_CERT_FILE=" + file("paypal.pem", string(paypaltest.File("root.pem"))),
		"ALIPAY_APP_ID=" + ali.Options().AppID,
		"ALIPAY_SELLER_ID=" + ali.Options().SellerID,
		"ALIPAY_GATEWAY=" + ali.URL(),
		"ALIPAY_BILL_HOSTS=" + strings.Join(ali.Options().BillHosts, ","),
		"ALIPAY_KEY_FILE=" + file("app.key", alipaytest.AppKey),
		"ALIPAY_PUBLIC_KEY_FILES=" + file("alipay.pub", alipaytest.AlipayPublicKey),
		"WECHATPAY_MERCHANT_ID=" + wechatpaytest.MerchantID,
		"WECHATPAY_APP_ID=" + wechatpaytest.AppID,
		"WECHATPAY_CERT_SERIAL=" + keys.MerchantSerial,
		"WECHATPAY_KEY_FILE=" + file("merchant.pem", read("../../mall/payment/wechatpay/wechatpaytest/testdata/merchant1.pem")),
		"WECHATPAY_API_V3_KEY_FILE=" + file("apiv3", wechatpaytest.APIv3),
		"WECHATPAY_PUBLIC_KEYS=" + keys.PublicKeys[0].ID + "=" +
			file("wechat.pub", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))),
		"WECHATPAY_H5=on",
		"WECHATPAY_API_URL=" + wechat.URL(),
		"WECHATPAY_APP_SECRET=" + wechatpaytest.AppSecret,
		"WECHATPAY_OAUTH_URL=" + wechat.URL(),
		"WECHATPAY_ACCOUNT_API_URL=" + wechat.URL(),
	}
	return providers{env, wechat}
}

// troubles holds while the page of WeChat's window shows just this trouble, and offers to try again; "" for none.
func troubles(why string) string {
	return `[...document.querySelectorAll('#pay-trouble [data-why]')].filter(e => e.checkVisibility())
		.map(e => e.dataset.why).join() === '` + why + `' && ('` + why + `' === '' ||
		document.querySelector("#pay-bridge [data-again]").checkVisibility())`
}

// TestPay buys a video at each provider, by a page, by a form and by a code, on a desk and on a phone. The providers
// are stand-ins that the mall reaches, and that reach it, over HTTP.
func TestPay(t *testing.T) {
	t.Parallel()
	_, root := require(t)
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	banks := standIns(t, address)
	h, err := openMall(address, banks.env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.close(); err != nil {
			t.Error(err)
		}
	})
	buyer := func(t *testing.T, l look, agent string) *person {
		p := visitor(t, h, root, l)
		p.expect("favicon.ico") // the stand-ins have none
		if agent != "" {
			_, err := chromedp.Call(p.ctx, emulation.SetUserAgentOverride,
				emulation.SetUserAgentOverrideParams{UserAgent: agent})
			p.ok(err)
		}
		p.enter(h.account(t, "Mia", "shopper"))
		return p
	}
	t.Run("by card, on a desk", func(t *testing.T) {
		p := buyer(t, look{lang: "en", width: 1280}, "")
		no := p.checksOut("kyoto-lanterns", "stripe")
		p.until(`location.pathname.startsWith('/c/pay/')`)
		p.click(`form button`)
		p.gets(no)
	})
	t.Run("by PayPal, on a phone", func(t *testing.T) {
		slug := h.sellsInDollars(t, "kyoto-lanterns")
		p := buyer(t, look{lang: "en", width: 390}, phone)
		no := p.checksOut(slug, "paypal")
		p.until(`location.pathname === '/checkoutnow'`)
		p.click(`#cancel`) // and back, to choose once more
		p.at("/orders/" + no)
		p.has(`[data-status="PENDING_PAY"]`)
		p.click(`label:has(input[value=paypal])`)
		p.shot("pay-again-paypal")
		p.click(`form[action$="/pay"] button`)
		p.until(`location.pathname === '/checkoutnow'`)
		p.click(`form button`) // the payer only agrees: the mall takes the money
		p.gets(no)
	})
	t.Run("by Alipay's page, on a desk", func(t *testing.T) {
		p := buyer(t, look{lang: "zh-CN", width: 1280, theme: "dark"}, "")
		no := p.checksOut("kyoto-lanterns", "alipay")
		p.until(`location.pathname.startsWith('/cashier/')`)
		p.click(`form button`)
		p.gets(no)
	})
	t.Run("by Alipay, on a phone", func(t *testing.T) {
		p := buyer(t, look{lang: "en", width: 390}, phone)
		no := p.checksOut("aurora-nights", "alipay")
		p.until(`location.pathname.startsWith('/cashier/')`)
		p.click(`form button`)
		p.gets(no)
	})
	t.Run("by WeChat's page, on a phone", func(t *testing.T) {
		p := buyer(t, look{lang: "zh-CN", width: 390}, phone)
		no := p.checksOut("aurora-nights", "wechatpay")
		p.until(`location.pathname === '/h5'`)
		p.click(`form button`)
		p.gets(no)
	})
	t.Run("inside WeChat", func(t *testing.T) {
		p := buyer(t, look{lang: "zh-CN", width: 390}, phone+" MicroMessenger/8.0.47")
		// WeChat's browser gives the page its payment function; the payer's answer to it is below.
		_, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.WeixinJSBridge = {
				invoke: (name, fields, done) => { window.bridge = {name, fields, done}; },
			};`})
		p.ok(err)
		no := p.checksOut("aurora-nights", "wechatpay")
		p.at("/orders/" + no + "/pay")
		p.until(`window.bridge?.name === 'getBrandWCPayRequest'`)
		p.shot("bridge")
		p.ok(banks.wechat.PayBridge(eval[map[string]string](p, `window.bridge.fields`)))
		p.gets(no)
	})
	t.Run("inside WeChat, whose window fails", func(t *testing.T) {
		p := buyer(t, look{lang: "zh-CN", width: 390}, phone+" MicroMessenger/8.0.47")
		_, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.answers = ['fail', 'cancel'];
			window.WeixinJSBridge = {invoke: (name, fields, done) => {
				const answer = answers.shift();
				if (!answer) throw new Error('no such function');
				setTimeout(() => done({err_msg: 'get_brand_wcpay_request:' + answer}));
			}};`})
		p.ok(err)
		no := p.checksOut("kyoto-lanterns", "wechatpay")
		p.at("/orders/" + no + "/pay")
		p.until(troubles(`failed`))
		p.shot("bridge-failed")
		p.click(`#pay-bridge button`)
		p.until(troubles(`cancelled`))
		p.click(`#pay-bridge button`)
		p.until(troubles(`failed`))
		p.click(`form:has([name=by_code]) button`)
		p.until(`!!document.querySelector('#pay-code')`)
		pay(t, banks.wechat.URL(), p.scan())
		p.gets(no)
	})
	t.Run("inside WeChat without its window", func(t *testing.T) {
		p := buyer(t, look{lang: "en", width: 390, theme: "dark"}, phone+" MicroMessenger/8.0.47")
		no := p.checksOut("kyoto-lanterns", "wechatpay")
		p.at("/orders/" + no + "/pay")
		p.until(troubles(``))
		p.until(troubles(`missing`))
		p.shot("bridge-missing")
		eval[bool](p, `window.WeixinJSBridge = {
			invoke: (name, fields, done) => { window.bridge = fields; },
		}; document.dispatchEvent(new Event('WeixinJSBridgeReady')); true`)
		p.until(`!!window.bridge`)
		p.until(troubles(``))
		p.ok(banks.wechat.PayBridge(eval[map[string]string](p, `window.bridge`)))
		p.gets(no)
	})
	t.Run("by WeChat's code", func(t *testing.T) {
		p := buyer(t, look{lang: "zh-CN", width: 1280, theme: "dark"}, "")
		no := p.checksOut("kyoto-lanterns", "wechatpay")
		p.at("/orders/" + no + "/pay")
		code := p.scan()
		if !strings.HasPrefix(code, "weixin://") {
			t.Fatalf("the code says %q", code)
		}
		p.shot("qr-desk")
		// The payer's phone opens the code, and the payer presses the button there.
		pay(t, banks.wechat.URL(), code)
		p.gets(no) // by itself
	})
	t.Run("turning to another provider", func(t *testing.T) {
		p := buyer(t, look{lang: "en", width: 390}, "")
		no := p.checksOut("aurora-nights", "wechatpay")
		p.at("/orders/" + no + "/pay")
		first := p.scan()
		p.shot("qr-phone")
		p.click(`a[href="/orders/` + no + `"]`)
		p.at("/orders/" + no)
		p.click(`label:has(input[value=stripe])`)
		p.click(`form[action$="/pay"] button`)
		p.until(`location.pathname.startsWith('/c/pay/')`)
		if status := press(t, banks.wechat.URL(), first); status != http.StatusConflict {
			t.Errorf("the code that was left is answered with %d", status)
		}
		p.click(`form button`)
		p.gets(no)
	})
}

// sellsInDollars lists a video of the demo once more, at a price that PayPal takes, and returns its slug.
func (h *house) sellsInDollars(t *testing.T, slug string) string {
	t.Helper()
	like, err := h.Catalog.FindAny(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	made, err := h.Catalog.CreateProduct(t.Context(), catalog.NewProduct{
		Slug:            slug + "-in-dollars",
		CreatorID:       like.CreatorID,
		CategoryID:      like.CategoryID,
		Title:           like.Title,
		Description:     like.Description,
		Cover:           like.Cover,
		AssetID:         like.AssetID,
		DurationSeconds: like.DurationSeconds,
		SKUs: []catalog.NewSKU{{
			Kind:    catalog.KindOwn,
			Quality: catalog.QualityHD,
			Price:   catalog.NewPrice{Amount: 490, Currency: "USD"},
		}},
	})
	if err == nil {
		err = h.Catalog.Publish(t.Context(), made.SPUID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return slug + "-in-dollars"
}

// checksOut puts a video into the cart and goes to pay for it at a provider. It returns the order's number.
func (p *person) checksOut(slug, provider string) string {
	p.t.Helper()
	p.visit("/v/" + slug)
	p.click(`button[name=next][value="/v/` + slug + `"]`)
	p.until(`document.querySelector('#cart-link span')?.textContent === '1'`)
	p.visit("/checkout")
	p.click(`label:has(input[value=` + provider + `])`)
	p.shot("checkout-" + provider)
	p.click(`button[data-once]`)
	var no string
	eventually(p.t, "an order is placed", func() bool {
		orders, err := p.mall.Orders.List(p.t.Context(), p.userID, 0, 1)
		if err == nil && len(orders) == 1 {
			no = orders[0].OrderNo
		}
		return no != ""
	})
	return no
}

// gets waits for the page of the order to offer the video.
func (p *person) gets(orderNo string) {
	p.t.Helper()
	p.mall.reaches(p.t, orderNo, order.Delivered)
	p.at("/orders/" + orderNo)
	p.has(`[data-status="DELIVERED"] a[href^="/watch/"]`)
}

// scan reads the QR code of the page as a phone would, from its pixels.
func (p *person) scan() string {
	p.t.Helper()
	p.has("#pay-code path")
	p.until(`document.querySelector('#pay-code').getBoundingClientRect().width >= 200 &&
		document.querySelector('#pay-code').getBoundingClientRect().height >= 200`)
	lib, err := os.ReadFile("../../node_modules/jsqr/dist/jsQR.js")
	p.ok(err)
	return eval[string](p, `(() => {
		const module = {exports: {}}, exports = module.exports;
		(function () { `+string(lib)+` }).call(window);
		const read = module.exports.default ?? module.exports, svg = document.querySelector('#pay-code');
		const size = svg.viewBox.baseVal.width, scale = 6, canvas = document.createElement('canvas');
		canvas.width = canvas.height = size * scale;
		const draw = canvas.getContext('2d');
		draw.fillStyle = '#fff'; draw.fillRect(0, 0, canvas.width, canvas.height);
		draw.scale(scale, scale); draw.fillStyle = '#000'; draw.fill(new Path2D(svg.querySelector('path').getAttribute('d')));
		return read(draw.getImageData(0, 0, canvas.width, canvas.height).data, canvas.width, canvas.height)?.data ?? '';
	})()`)
}

// pay opens a scanned code at WeChat's stand-in and presses its button.
func pay(t *testing.T, bank, code string) {
	t.Helper()
	if status := press(t, bank, code); status != http.StatusOK {
		t.Fatalf("paying the code is answered with %d", status)
	}
}

// press does so, and returns the status of the answer: 409 for a code that can't be paid.
func press(t *testing.T, bank, code string) int {
	t.Helper()
	res, err := http.Get(bank + "/scan?code_url=" + url.QueryEscape(code))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	shown, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(shown), `name="prepay_id" value="`)
	if !ok {
		return http.StatusConflict
	}
	id, _, _ := strings.Cut(rest, `"`)
	paid, err := http.PostForm(bank+"/pay", url.Values{"prepay_id": {id}})
	if err != nil {
		t.Fatal(err)
	}
	defer paid.Body.Close()
	return paid.StatusCode
}

// shot takes a picture of the page, if -pictures names a folder for it.
func (p *person) shot(name string) {
	p.t.Helper()
	if *pictures != "" {
		picture(p, stop{name: name})
	}
}
