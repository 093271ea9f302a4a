package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The library turns its summaries over for as long as the process lives.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/VictoriaMetrics/metrics.summariesSwapCron"))
}

// output collects what a running leakd writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// A daemon is a running leakd.
type daemon struct {
	t              *testing.T
	stdout, stderr output
	stop           context.CancelFunc
	code           chan int
	url            string
}

var (
	servingAt = regexp.MustCompile(`msg=serving url=(\S+)`)
	metricsAt = regexp.MustCompile(`msg="serving metrics" url=(\S+)`)
)

// start runs leakd on dir's store until the test ends.
func start(t *testing.T, dir string, flags ...string) *daemon {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	d := &daemon{t: t, stop: stop, code: make(chan int, 1)}
	args := append([]string{"--store", filepath.Join(dir, "store"), "--key-file", filepath.Join(dir, "key"), "--listen", "127.0.0.1:0"}, flags...)
	go func() { d.code <- run(ctx, args, &d.stdout, &d.stderr) }()
	t.Cleanup(func() { d.end(exitDone) })
	for range 1000 {
		if m := servingAt.FindStringSubmatch(d.stderr.String()); m != nil {
			d.url = m[1]
			return d
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("leakd does not serve:\n%s", d.stderr.String())
	return nil
}

// end stops the daemon and waits for it.
func (d *daemon) end(want int) {
	d.t.Helper()
	d.stop()
	if code, ok := <-d.code; ok {
		close(d.code)
		if code != want {
			d.t.Errorf("exit code %d, want %d\n%s", code, want, d.stderr.String())
		}
	}
}

var client = &http.Client{Transport: &http.Transport{
	DisableKeepAlives: true,
	TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // a certificate of the test's own
}}

// get asks for a path with a key.
func (d *daemon) get(url, key string) (int, string) {
	d.t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", key)
	resp, err := client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

var secretForm = regexp.MustCompile(`lks_[0-9a-f]+`)

const details = "/leaks/details?identifier_column=root_domain"

func TestFirstStart(t *testing.T) {
	dir := t.TempDir()
	d := start(t, dir)
	key := secretForm.FindString(d.stdout.String())
	if key == "" {
		t.Fatalf("no key was shown: %s", d.stdout.String())
	}
	if status, body := d.get(d.url+details, key); status != 200 || !strings.Contains(body, `"total":0`) {
		t.Errorf("with the key: %d %s", status, body)
	}
	if status, _ := d.get(d.url+details, key[:len(key)-1]+"x"); status != 401 {
		t.Errorf("with another key: %d", status)
	}
	d.end(exitDone)
	if log := d.stderr.String(); strings.Contains(log, key) || !strings.Contains(log, "route=/leaks/details") {
		t.Errorf("log: %s", log)
	}

	// The second start shows none, and the first one's is still good.
	d = start(t, dir)
	if d.stdout.String() != "" {
		t.Errorf("the second start says %s", d.stdout.String())
	}
	if status, _ := d.get(d.url+details, key); status != 200 {
		t.Errorf("after a restart: %d", status)
	}
}

func TestMetrics(t *testing.T) {
	d := start(t, t.TempDir(), "--metrics-listen", "127.0.0.1:0", "--rate", "1", "--burst", "1")
	m := metricsAt.FindStringSubmatch(d.stderr.String())
	if m == nil {
		t.Fatalf("no metrics: %s", d.stderr.String())
	}
	key := secretForm.FindString(d.stdout.String())
	d.get(d.url+details, key)
	if status, body := d.get(d.url+details, key); status != 429 {
		t.Errorf("beyond the rate: %d %s", status, body)
	}
	status, body := d.get(m[1], "")
	for _, want := range []string{
		`leakd_requests_total{method="GET",route="/leaks/details",status="200"} 1`,
		`leakd_requests_total{method="GET",route="/leaks/details",status="429"} 1`,
		`leakd_request_duration_seconds_count{route="/leaks/details"} 2`,
		"leakscope_store_occurrences 0", "process_resident_memory_bytes",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%d, no %s in %.1000s", status, want, body)
		}
	}
	if status, _ := d.get(d.url+"/metrics", key); status != 404 {
		t.Errorf("metrics at the main address: %d", status)
	}
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t, dir)
	d := start(t, dir, "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(d.url, "https://") {
		t.Errorf("serving %s", d.url)
	}
	if status, _ := d.get(d.url+details, secretForm.FindString(d.stdout.String())); status != 200 {
		t.Errorf("over TLS: %d", status)
	}
}

// certificate writes a certificate and its key to dir.
func certificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestBadStarts(t *testing.T) {
	dir := t.TempDir()
	d := start(t, dir)
	store, key := filepath.Join(dir, "store"), filepath.Join(dir, "key")
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("nothing of the kind"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other")
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "--store", nil},
		{exitUsage, "unknown flag", []string{"--colour", "red"}},
		{exitUsage, "--memory", []string{"--store", other, "--memory", "lots"}},
		{exitUsage, "--memory", []string{"--store", other, "--memory", "-1"}},
		{exitUsage, "go together", []string{"--store", other, "--tls-cert", text}},
		{exitFailed, text, []string{"--store", other, "--key-file", key, "--tls-cert", text, "--tls-key", text}},
		{exitFailed, "already open", []string{"--store", store, "--key-file", key}},
		{exitFailed, "no key file", []string{"--store", store, "--key-file", other}},
		{exitFailed, "key file", []string{"--store", store, "--key-file", text}},
		{exitFailed, "inside the store", []string{"--store", store, "--key-file", filepath.Join(store, "key")}},
		{exitFailed, "not a", []string{"--store", text, "--key-file", key}},
		{exitFailed, "address already in use", []string{"--store", other, "--key-file", key, "--listen", strings.TrimPrefix(d.url, "http://")}},
	} {
		var stdout, stderr output
		if code := run(t.Context(), c.args, &stdout, &stderr); code != c.code || !strings.Contains(stderr.String(), c.want) || stdout.String() != "" {
			t.Errorf("%q: exit code %d, want %d and %q\n%s%s", c.args, code, c.code, c.want, stdout.String(), stderr.String())
		}
	}
}
