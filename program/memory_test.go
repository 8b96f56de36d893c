package program

import (
	"runtime/debug"
	"testing"
)

// Not parallel: the limit is the process's.
func TestLimitMemory(t *testing.T) {
	was := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(was) })
	if err := limitMemory(512 << 20); err != nil || debug.SetMemoryLimit(-1) != 512<<20 {
		t.Fatalf("configured: %d, %v", debug.SetMemoryLimit(-1), err)
	}
	if err := limitMemory(0); err != nil {
		t.Fatal(err)
	}
	if got := debug.SetMemoryLimit(-1); got == 512<<20 || got <= 0 || got > 1<<50 {
		t.Fatalf("of the machine: %d", got)
	}
	debug.SetMemoryLimit(1 << 30)
	t.Setenv("GOMEMLIMIT", "1GiB")
	if err := limitMemory(512 << 20); err != nil || debug.SetMemoryLimit(-1) != 1<<30 {
		t.Fatalf("GOMEMLIMIT does not come first: %d, %v", debug.SetMemoryLimit(-1), err)
	}
}
