package program

import (
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// memoryShare is the part of the container's or the machine's memory that this process tries to stay below. The rest is
// for the tools that make videos, and where they run here, for PostgreSQL and Redis.
const memoryShare = 0.75

// limitMemory sets the soft limit of Go's heap in bytes: GOMEMLIMIT where it is set, else what the configuration says,
// else, for 0, a share of what the control group (version 1 or 2) or the machine has.
func limitMemory(configured int64) error {
	if _, set := os.LookupEnv("GOMEMLIMIT"); set {
		return nil // the runtime has read it
	}
	if configured > 0 {
		debug.SetMemoryLimit(configured)
		return nil
	}
	_, err := memlimit.Set(memlimit.WithRatio(memoryShare),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)))
	return err
}
