package wechatpay

import (
	"maps"
	"slices"
)

// Codes lists the codes of the table.
func Codes() []string { return slices.Sorted(maps.Keys(codes)) }

// Yuan reads a sum of the bill in fen.
func Yuan(s string) (int64, error) {
	m, err := yuan(s)
	return m.Amount, err
}
