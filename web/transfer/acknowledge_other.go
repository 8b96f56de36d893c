//go:build !linux

package transfer

import (
	"net"
	"time"
)

// boundUnacknowledged needs an option of Linux.
func boundUnacknowledged(net.Conn, time.Duration) {}
