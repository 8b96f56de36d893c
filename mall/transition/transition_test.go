package transition_test

import (
	"fmt"
	"testing"

	"videomall/mall/transition"
)

type light string

var lights = transition.Table[light]{
	"red":    {"green"},
	"green":  {"yellow"},
	"yellow": {"red", "off"},
	"off":    {},
}

func TestTable_Check(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to light
		allowed  bool
	}{
		{"red", "green", true},
		{"yellow", "off", true},
		{"green", "red", false},
		{"red", "red", false},
		{"off", "red", false},
		{"blue", "red", false},
		{"red", "", false},
	} {
		if err := lights.Check(c.from, c.to); (err == nil) != c.allowed {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
	}
}

func TestTable_Clone(t *testing.T) {
	t.Parallel()
	c := lights.Clone()
	c["red"][0] = "off"
	c["off"] = []light{"red"}
	if lights.Check("red", "green") != nil || lights.Check("off", "red") == nil {
		t.Errorf("the copy shares its rows with the table: %v", lights)
	}
}

func ExampleTable_Check() {
	doors := transition.Table[string]{"open": {"closed"}, "closed": {"open", "locked"}, "locked": {"closed"}}
	fmt.Println(doors.Check("closed", "locked"))
	fmt.Println(doors.Check("open", "locked"))
	// Output:
	// <nil>
	// no transition from open to locked
}
