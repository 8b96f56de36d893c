package page

import (
	"slices"
	"strings"

	"videomall/mall/payment"
)

// Device guesses where the visitor's browser runs from its User-Agent. It decides which ways to pay are offered, and
// proves nothing: a wrong guess offers a way that is less convenient.
func (c *Ctx) Device() payment.Device {
	agent := c.Request().UserAgent()
	has := func(signs ...string) bool {
		return slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(agent, sign) })
	}
	switch {
	case has("MicroMessenger/"):
		return payment.DeviceWeChat
	case has("AlipayClient/"):
		return payment.DeviceAlipay
	case has("Mobile", "Android", "iPhone", "iPad", "HarmonyOS"):
		return payment.DevicePhone
	}
	return payment.DeviceDesktop
}

// LacksJSAPI reports whether the browser only calls itself WeChat's: WeCom and the pages inside mini programs do, where
// neither WeChat's web authorization nor its payment function works.
func (c *Ctx) LacksJSAPI() bool {
	agent := strings.ToLower(c.Request().UserAgent())
	return strings.Contains(agent, "wxwork/") || strings.Contains(agent, "miniprogram")
}
