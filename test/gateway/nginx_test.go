// Package gateway_test runs deploy/nginx in front of the mall, as docs/gateway.md installs it.
package gateway_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"videomall/test/serving"
)

func TestMain(m *testing.M) {
	code := m.Run()
	serving.RemoveBinary()
	os.Exit(code)
}

// nginx is a gateway that runs with the files of deploy/nginx, of which only the addresses, folders and certificates of
// a machine are replaced.
type nginx struct {
	t       *testing.T
	dir     string
	url     string // https
	plain   string // http
	process *exec.Cmd
	stderr  bytes.Buffer
}

// main is what Debian's own nginx.conf does, in folders of the test.
const main = `daemon off;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
	include /etc/nginx/mime.types;
	default_type application/octet-stream;
	client_body_temp_path body;
	proxy_temp_path proxy;
	include conf.d/*.conf;
}
`

// start runs nginx before the given processes of a mall until the test ends.
func start(t *testing.T, upstreams ...string) *nginx {
	t.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("needs nginx: ", err)
	}
	n := &nginx{
		t:     t,
		dir:   t.TempDir(),
		url:   "https://" + serving.FreeAddress(t),
		plain: "http://" + serving.FreeAddress(t),
	}
	n.must(os.CopyFS(n.dir, os.DirFS("../../deploy/nginx")))
	conf := main
	if os.Geteuid() == 0 {
		conf = "user root;\n" + conf // who alone may write into the test's folder
	}
	n.must(os.WriteFile(filepath.Join(n.dir, "nginx.conf"), []byte(conf), 0o600))
	n.certify()
	var servers strings.Builder
	for _, address := range upstreams {
		fmt.Fprintf(&servers, "\tserver %s max_fails=1 fail_timeout=5s;\n", address)
	}
	n.replace("host.conf", `(?:\tserver 127.0.0.1:[^\n]+\n)+`, servers.String())
	n.replace("host.conf", `/var/cache/nginx/videomall`, n.dir+"/cache")
	n.replace("server.conf", `/etc/letsencrypt/live/mall.example.com/`, n.dir+"/")
	n.replace("server.conf", `/var/log/nginx/`, n.dir+"/")
	for file, listens := range map[string][2]string{
		"server.conf": {"443", strings.TrimPrefix(n.url, "https://")},
		"plain.conf":  {"80", strings.TrimPrefix(n.plain, "http://")},
	} {
		n.replace(file, `listen \[::\]:[^\n]+\n`, "")
		n.replace(file, `listen `+listens[0], "listen "+listens[1])
		n.replace(file, `mall\.example\.com`, "127.0.0.1")
	}
	n.process = exec.Command("nginx", "-p", n.dir, "-c", "nginx.conf")
	n.process.Stderr = &n.stderr
	n.must(n.process.Start())
	t.Cleanup(func() {
		_ = n.process.Process.Signal(syscall.SIGTERM)
		_ = n.process.Wait()
		if t.Failed() {
			t.Logf("nginx said:\n%s", &n.stderr)
		}
	})
	n.until("nginx answers", func() bool { return serving.Answers(strings.TrimPrefix(n.url, "https://")) })
	return n
}

// replace changes what differs between machines, and fails if the file does not have it.
func (n *nginx) replace(file, pattern, by string) {
	n.t.Helper()
	name := filepath.Join(n.dir, "videomall", file)
	text, err := os.ReadFile(name)
	n.must(err)
	find := regexp.MustCompile(pattern)
	if !find.Match(text) {
		n.t.Fatalf("%s has no %s", file, pattern)
	}
	n.must(os.WriteFile(name, find.ReplaceAllLiteral(text, []byte(by)), 0o600))
}

// certify writes a certificate for this machine, as an authority would.
func (n *nginx) certify() {
	n.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	n.must(err)
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "127.0.0.1"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	n.must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	n.must(err)
	for name, block := range map[string]*pem.Block{
		"fullchain.pem": {
			Type:  "CERTIFICATE",
			Bytes: certificate,
		},
		"privkey.pem": {
			Type:  "PRIVATE KEY",
			Bytes: private,
		},
	} {
		n.must(os.WriteFile(filepath.Join(n.dir, name), pem.EncodeToMemory(block), 0o600))
	}
}

// reload makes nginx read its files again, and waits until only workers that have read them are left.
func (n *nginx) reload() {
	n.t.Helper()
	before := n.workers()
	n.must(n.process.Process.Signal(syscall.SIGHUP))
	n.until("nginx has read its files again", func() bool {
		now := n.workers()
		return len(now) > 0 && !slices.ContainsFunc(now, func(pid string) bool { return slices.Contains(before, pid) })
	})
}

func (n *nginx) workers() []string {
	pid := fmt.Sprint(n.process.Process.Pid)
	children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	n.must(err)
	return strings.Fields(string(children))
}

// client is a browser that trusts any certificate and follows no redirects.
func client() *http.Client {
	jar, _ := cookiejar.New(nil) // it never fails without options
	return &http.Client{
		Jar:     jar,
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // of the test itself
			MaxIdleConnsPerHost: 64,
			ForceAttemptHTTP2:   true,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type answer struct {
	*http.Response
	text string
}

// send sends a request, with each header as "Name: value".
func (n *nginx) send(c *http.Client, method, path string, body io.Reader, headers ...string) answer {
	n.t.Helper()
	a, err := n.try(c, method, path, body, headers...)
	n.must(err)
	return a
}

func (n *nginx) try(c *http.Client, method, path string, body io.Reader, headers ...string) (answer, error) {
	r, err := http.NewRequestWithContext(n.t.Context(), method, n.url+path, body)
	if err != nil {
		return answer{}, err
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	res, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res, string(text)}, err
}

// logged waits until so many requests are in the log, and returns it.
func (n *nginx) logged(lines int) (log string) {
	n.t.Helper()
	n.until("the requests are logged", func() bool {
		b, err := os.ReadFile(filepath.Join(n.dir, "videomall.log"))
		log = string(b)
		return err == nil && strings.Count(log, "\n") >= lines
	})
	return log
}

func (n *nginx) until(what string, ready func() bool) {
	n.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ready(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			n.t.Fatalf("this never happened: %s\n%s", what, &n.stderr)
		}
	}
}

func (n *nginx) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}
