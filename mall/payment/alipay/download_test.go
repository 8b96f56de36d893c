package alipay_test

import (
	"context"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
)

// The caller may stop, and nothing stays behind.
func TestAlipay_Statement_leaves_no_files(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	one := row("1", "mall_"+attempt, "交易", "2026-02-28 10:00:00", "12.90", "", "-0.08")
	a := billed(t, saying(string(archive(t, detailed(one, one)))))
	for range a.Statement(t.Context(), yesterday) {
		break
	}
	if _, err := read(t.Context(), billed(t, saying("no archive")), yesterday); err == nil {
		t.Error("no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	count := 0
	for _, err := range a.Statement(ctx, yesterday) {
		if cancel(); count == 1 && err == nil {
			t.Error("went on after the end")
		}
		count++
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A day of 200,000 movements, 40 MB, takes a few MB of memory.
func TestAlipay_Statement_of_a_large_day(t *testing.T) {
	one := row("2026022822001400000000000007", "mall_"+attempt, "交易", "2026-02-28 10:00:00", "12.90", "", "-0.08")
	const many = 200_000
	zipped := archive(t, head+titles+"\r\n"+strings.Repeat(one, many)+tail)
	a := billed(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(zipped) })
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	most, count := uint64(0), 0
	for _, err := range a.Statement(t.Context(), yesterday) {
		if err != nil {
			t.Fatal(err)
		}
		if count++; count%50_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
	}
	if count != many {
		t.Errorf("%d lines", count)
	}
	if most > before.HeapAlloc+8<<20 {
		t.Errorf("%d MB of memory more than before", (most-before.HeapAlloc)>>20)
	}
}

// An address is good for 30 s.
func TestServer_bill_expires(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	paid(t, s, alipay.MethodPage)
	s.Advance(24 * time.Hour)
	o := s.Options()
	next := o.Client.Transport
	o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) *http.Response {
		if r.URL.Path == "/bill" {
			s.Advance(31 * time.Second)
		}
		response, err := next.RoundTrip(r)
		if err != nil {
			t.Error(err)
		}
		return response
	})}
	_, err := read(t.Context(), client(t, o), noon)
	wantErr(t, err, nil)
}
