package invoice

import (
	"strings"

	"videomall/mall/textnorm"
)

// The characters of a unified social credit code, in the order of their values, and the weights of the first 17 of its
// 18 characters (GB 32100-2015). The letters I, O, S, V and Z are not used.
const codeLetters = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var codeWeights = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}

// NormalTaxpayerNo returns a taxpayer number as it is kept: in capital letters and without spaces and hyphens.
func NormalTaxpayerNo(typed string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(strings.ToUpper(textnorm.Key(typed)))
}

// ValidTaxpayerNo reports whether a normal number is a unified social credit code: 18 characters, the last of which
// checks the others.
func ValidTaxpayerNo(no string) bool {
	if len(no) != len(codeWeights)+1 {
		return false
	}
	sum := 0
	for n, weight := range codeWeights {
		value := strings.IndexByte(codeLetters, no[n])
		if value < 0 {
			return false
		}
		sum += value * weight
	}
	return no[len(codeWeights)] == codeLetters[(31-sum%31)%31]
}
