package transfer

import (
	"net"
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT, which package syscall doesn't name.
const tcpUserTimeout = 0x12

// boundUnacknowledged ends a connection whose peer acknowledges nothing, or keeps its window shut, for twice the time
// that it may stall. What a handler wrote fits into the kernel's buffers, where no deadline of the program's reaches it
// (tcp(7), TCP_USER_TIMEOUT).
func boundUnacknowledged(c net.Conn, stall time.Duration) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(2*stall/time.Millisecond))
	})
}
