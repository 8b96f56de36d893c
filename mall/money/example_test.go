package money_test

import (
	"errors"
	"fmt"

	"videomall/mall/money"
)

func ExampleMoney_Add() {
	video := money.Of(1990, "CNY")
	total, err := video.Add(money.Of(500, "CNY"))
	fmt.Println(total, err)

	_, err = video.Add(money.Of(500, "USD"))
	fmt.Println(errors.Is(err, money.ErrCurrency))
	// Output:
	// 2490 CNY <nil>
	// true
}

func ExampleParseDecimal() {
	for _, typed := range []string{"19.90", "19,9", "19", "free", "-1"} {
		fmt.Println(money.ParseDecimal(typed, "CNY", 6))
	}
	// Output:
	// 1990
	// 1990
	// 1900
	// -1
	// -1
}

func ExampleMoney_Decimal() {
	fmt.Println(money.Of(1990, "CNY").Decimal(), money.Of(1990, "JPY").Decimal())
	// Output: 19.90 1990
}
