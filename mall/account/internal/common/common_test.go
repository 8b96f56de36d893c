package common_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"videomall/mall/account/internal/common"
)

func TestHas(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"password", "PASSWORD", "Password2024!", "P@$$w0rd!!", "pa55w0rd123", "passw0rd", "iloveyou99", "ILoveYou!!!!!",
		"m0nk3y12345", "qwerty2024!!",
		"1q2w3e4r5t", "1234567890", "basketball", "Basketba11", "ba5ketball#1", "Manchester1", "california.",
		"christopher7",
		"ｐａｓｓｗｏｒｄ１２", "trustno1", "TrustNo1", "dragon-2024", "letmein____",
	} {
		if !common.Has(password) {
			t.Errorf("%q is not in the list", password)
		}
	}
	for _, password := range []string{
		"", "a", "3 quiet herons", "three quiet herons", "heron-lantern-kyoto", "passwordherons", "xkvq-81-mdwz",
		"8471936250417", "鲸鱼在夜里唱歌很久", "\x00\xff",
	} {
		if common.Has(password) {
			t.Errorf("%q is in the list", password)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	if n := common.Len(); n < 100_000 {
		t.Errorf("%d entries", n)
	}
	table, err := os.ReadFile("table.bin")
	if err != nil {
		t.Fatal(err)
	}
	if len(table) >= 1_000_000 || len(table)%common.Size != 0 {
		t.Errorf("%d bytes", len(table))
	}
	for i := common.Size; i < len(table); i += common.Size {
		if before, now := string(table[i-common.Size:i]), string(table[i:i+common.Size]); before >= now {
			t.Fatalf("entry %d, %x, stands after %x", i/common.Size, now, before)
		}
	}
}

// Each password is looked up twice, so 0.2 of 500,000 passwords that nobody uses are refused by chance.
func TestHas_by_chance(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 500_000 {
		if common.Has(fmt.Sprintf("%x-%x", random.Uint64(), random.Uint64())) {
			refused++
		}
	}
	if refused > 1 {
		t.Errorf("%d of 500,000 are refused", refused)
	}
}
