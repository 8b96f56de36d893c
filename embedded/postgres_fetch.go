//go:build unix

package embedded

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	ep "github.com/fergusstrange/embedded-postgres"
)

// fetchPostgres downloads server binaries below dst, once, and returns their bin folder. It uses only the download of
// embedded-postgres, because its start refuses root and leaves orphans when it is killed. PG_BINARY_REPOSITORY names a
// Maven mirror.
func fetchPostgres(dst string) (string, error) {
	bin := filepath.Join(dst, "bin")
	tmp, err := os.MkdirTemp("", "videomall-fetch")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	// No call only downloads, so the start is made to fail right after the download: a data folder below a plain file
	// cannot be created.
	wall := filepath.Join(tmp, "file")
	if err := os.WriteFile(wall, nil, 0o600); err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	cfg := ep.DefaultConfig().Version(ep.V17).Port(port).CachePath(dst).BinariesPath(dst).
		RuntimePath(filepath.Join(tmp, "run")).DataPath(filepath.Join(wall, "data")).Logger(io.Discard)
	if mirror := os.Getenv("PG_BINARY_REPOSITORY"); mirror != "" {
		cfg = cfg.BinaryRepositoryURL(mirror)
	}
	failed := ep.NewDatabase(cfg).Start()
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err != nil {
		// failed is nil if the download brought the wrong files.
		why := fmt.Sprint(failed)
		return "", fmt.Errorf("%w, and the download failed (%s): %s", ErrNoBinaries, why, installPostgres())
	}
	return bin, nil
}

// freePort is for a check of embedded-postgres. Nothing ever listens on the port.
func freePort() (uint32, error) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return uint32(l.Addr().(*net.TCPAddr).Port), nil
}
