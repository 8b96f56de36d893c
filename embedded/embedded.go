// Package embedded brings a private PostgreSQL and a private Redis to a machine that was given none.
//
// It owns the finding of server programs, their folders, their start and their end. It knows nothing
// of what is kept in them, and nothing here runs when DATABASE_URL and REDIS_URL are set.
//
// # Who lives how long
//
// A server lives as long as the last process that uses it, whatever ends that process, SIGKILL
// included. Its folder holds a FIFO whose writing end every user keeps open; a small shell script
// (keeper.sh) reads the other end, sees the end of file that the kernel sends when the last writer is
// gone, and tells the server to stop. So two processes on one DATA_DIR share one server, the first may
// leave before the second, and nothing outlives both. Pdeathsig would do less: it is Linux's alone,
// it follows one thread, and it would end the server with the process that happened to come first.
//
// # What is held while
//
//	start.lock   by a process while it looks, starts or joins: one at a time
//	server.lock  by the keeper, the server and all its children, inherited: free means that nothing
//	             of an earlier server is left that could write to the data
package embedded

import "errors"

// ErrNoBinaries says that this machine has no server programs and none could be fetched.
var ErrNoBinaries = errors.New("no server programs here")
