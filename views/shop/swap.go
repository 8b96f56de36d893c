package shop

import "github.com/a-h/templ"

// swaps makes a link to the same list in another state replace the list in place, under the link's address.
func swaps(href string) templ.Attributes {
	return templ.Attributes{
		"hx-get": href, "hx-target": "#listing", "hx-swap": "outerHTML show:window:top",
		"hx-push-url":  "true",
		"hx-indicator": "#listing",
	}
}

// submits does the same for the filters; the answer names the address to keep, without the fields left empty.
func submits(action string) templ.Attributes {
	return templ.Attributes{
		"hx-get": action, "hx-target": "#listing", "hx-swap": "outerHTML", "hx-push-url": "true",
		"hx-indicator": "#listing",
	}
}
