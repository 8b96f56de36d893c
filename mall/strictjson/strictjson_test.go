package strictjson_test

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json"

	"videomall/mall/strictjson"
)

type message struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency,omitempty"`
	Plain    string
}

func TestOpen_names_match_exactly(t *testing.T) {
	t.Parallel()
	for body, good := range map[string]bool{
		`{"amount":600,"currency":"CNY"}`:            true,
		`{"amount":600,"added":{"later":[1]}}`:       true,
		`{"amount":600,"Plain":"x"}`:                 true,
		`{"amount":1,"AMOUNT":600}`:                  false,
		`{"AMOUNT":600}`:                             false,
		`{"amount":1,"amount":600}`:                  false,
		`{"amount":1,"\u0061mount":600}`:             false,
		`{"amount":600,"Currency":"CNY"}`:            false,
		`{"amount":600,"plain":"x"}`:                 false,
		`{"amount":600,"added":{"a":1,"a":2}}`:       false,
		`{"amount":"600"}`:                           false,
		`{"amount":6e2}`:                             false,
		`{"amount":9223372036854775808}`:             false,
		`{"amount":600}{"amount":1}`:                 false,
		`{"amount":600} `:                            true,
		"{\"amount\":600,\"currency\":\"\xff\xfe\"}": false,
		`[]`: false,
		``:   false,
	} {
		var m message
		if err := strictjson.Open([]byte(body), &m); (err == nil) != good {
			t.Errorf("%s: %+v, %v", body, m, err)
		}
	}
}

func TestClosed_refuses_an_unknown_name(t *testing.T) {
	t.Parallel()
	var m message
	if err := strictjson.Closed([]byte(`{"amount":600,"AMOUNT":1}`), &m); !errors.Is(err, json.ErrUnknownName) {
		t.Errorf("another case: %v", err)
	}
	if err := strictjson.Closed([]byte(`{"amount":600}`), &m); err != nil || m.Amount != 600 {
		t.Errorf("%+v, %v", m, err)
	}
}

// Names are found wherever strings, brackets and escapes stand around them.
func TestOpen_finds_names(t *testing.T) {
	t.Parallel()
	for body, good := range map[string]bool{
		`{"a":"\"{[,","b":[{"AMOUNT":1},"AMOUNT"],"amount":600}`: true,
		`{"a":"\\","AMOUNT":600}`:                                false,
		`{"a":{"b":{}},"AMOUNT":600}`:                            false,
		`{"a":[[],{}],"AMOUNT":600}`:                             false,
		`{"a":["AMOUNT","amount"],"b":{"AMOUNT":2}}`:             true,
		`{"a":"x","\u0041MOUNT":600}`:                            false,
		"{ \n \"a\" : \"]\" , \t \"Amount\" : 600 }":             false,
		`{}`: true,
	} {
		var m message
		if err := strictjson.Open([]byte(body), &m); errors.Is(err, strictjson.ErrMisspelt) == good {
			t.Errorf("%s: %v", body, err)
		}
	}
}
