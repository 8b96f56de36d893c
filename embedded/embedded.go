// Package embedded starts a private PostgreSQL and a private Redis on a machine for which no servers are configured.
//
// It owns finding the server programs, their folders, and starting and stopping them. It knows nothing about their
// data, and is not used if DATABASE_URL and REDIS_URL are set.
//
// # Lifetime
//
// A server runs as long as the last process that uses it, however that process ends, including SIGKILL. Its folder has
// a FIFO whose writing end every user keeps open. A small shell script (keeper.sh) reads the other end. When the last
// writer is gone, the kernel reports the end of the file, and the script tells the server to stop. So two processes on
// one DATA_DIR share one server, the first may leave before the second, and nothing outlives both. Pdeathsig would do
// less: it exists only on Linux, it follows one thread, and it would stop the server together with the process that
// started it.
//
// # Locks
//
//	start.lock   is held by a process while it looks for a server, starts it or joins it: by one at a time
//	server.lock  is held by the keeper, and inherited by the server and all its children. If it is free, nothing
//	             is left of an earlier server that could write to the data
package embedded

import "errors"

// ErrNoBinaries means that this machine has no server programs and none could be downloaded.
var ErrNoBinaries = errors.New("no server programs here")
