package dbtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// bucketName is the name of the bucket that Bucket makes.
const bucketName = "media"

// Bucket starts an S3 service for the test on loopback, which is versitygw on a folder, and returns the STORAGE_URL of
// an empty bucket in it. The service ends with the test. Like Amazon's, it checks signatures, their expiry, and the
// sizes that were signed.
func Bucket(t testing.TB) string {
	t.Helper()
	program, err := theGateway()
	if err != nil {
		Missing(t, err)
	}
	dir, port := t.TempDir(), freePort(t)
	for _, d := range []string{"data/" + bucketName, "etc"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal("dbtest: ", err)
		}
	}
	const key, secret = "mall-test", "a-secret-of-a-test"
	address := net.JoinHostPort("127.0.0.1", port)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal("dbtest: ", err)
	}
	defer log.Close()
	server := exec.Command(program, "--port", address, "--access", key, "--secret", secret, "--region", "us-east-1",
		"--quiet",
		"posix", "--sidecar", filepath.Join(dir, "etc"), filepath.Join(dir, "data"))
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal("dbtest: start versitygw: ", err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			said, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("versitygw said: %.2000s", said)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	until(ctx, t, "versitygw answers at "+address, func() error {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	return fmt.Sprintf("s3://%s:%s@%s/%s?tls=off", key, secret, address, bucketName)
}

// theGateway builds versitygw once in a process, from the module proxy, in the versions that tools/s3/go.mod pins. Go
// caches the build.
var theGateway = sync.OnceValues(func() (string, error) {
	root, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("versitygw: %w", err)
	}
	build := exec.Command("go", "tool", "-modfile=tools/s3/go.mod", "-n", "versitygw")
	build.Dir, build.Env = filepath.Dir(strings.TrimSpace(string(root))), append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("versitygw: %w: %.500s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], nil
})
