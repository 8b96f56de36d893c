package api

import "videomall/mall/order"

// Document is openapi.json as it is served.
var Document = document

// ReadOrder returns the lines that POST /orders reads from a body.
func ReadOrder(body []byte) ([]order.Line, error) {
	var r orderRequest
	if err := parse(body, &r); err != nil {
		return nil, err
	}
	return r.lines()
}
