package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/leakscope/leakscope/bench/peers"
)

// A server is a running clickhouse-server of our own, on loopback.
type server struct {
	cmd    *exec.Cmd
	url    string
	client *http.Client
	exited chan error
}

// serverPath finds the server, which Debian puts where only root's path goes.
func serverPath() (string, error) {
	if path, err := exec.LookPath("clickhouse-server"); err == nil {
		return path, nil
	}
	const debian = "/usr/sbin/clickhouse-server"
	if _, err := os.Stat(debian); err != nil {
		return "", fmt.Errorf("%w: clickhouse-server is not installed (apt-get install clickhouse-server)", peers.ErrAbsent)
	}
	return debian, nil
}

const users = `<?xml version="1.0"?>
<yandex>
<profiles><default>` + profile + `</default></profiles>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
<quotas><default></default></quotas>
</yandex>
`

const profile = `<max_threads>2</max_threads><max_memory_usage>8000000000</max_memory_usage><allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type>`

const config = `<?xml version="1.0"?>
<yandex>
<logger><level>warning</level><log>%[1]s/log</log><errorlog>%[1]s/errors</errorlog></logger>
<http_port>%[2]d</http_port><tcp_port>%[3]d</tcp_port><interserver_http_port>%[4]d</interserver_http_port>
<listen_host>127.0.0.1</listen_host>
<mark_cache_size>1073741824</mark_cache_size><uncompressed_cache_size>1073741824</uncompressed_cache_size>
<path>%[1]s/data/</path><tmp_path>%[1]s/tmp/</tmp_path>
<users_config>%[1]s/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<timezone>UTC</timezone>
</yandex>
`

// start starts a server whose data is in dir and waits until it answers.
func start(ctx context.Context, dir string) (*server, error) {
	path, err := serverPath()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"data", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	configFile := filepath.Join(dir, "config.xml")
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "users.xml"), []byte(users), 0o600),
		os.WriteFile(configFile, fmt.Appendf(nil, config, dir, ports[0], ports[1], ports[2]), 0o600))
	if err != nil {
		return nil, err
	}
	s := &server{
		cmd: exec.CommandContext(ctx, path, "--config-file="+configFile),
		url: "http://127.0.0.1:" + strconv.Itoa(ports[0]) + "/", client: new(http.Client), exited: make(chan error, 1),
	}
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = 30 * time.Second
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.exited <- s.cmd.Wait() }()
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err = s.ask(ctx, "SELECT 1"); err == nil {
			return s, nil
		}
		select {
		case err := <-s.exited:
			return nil, fmt.Errorf("clickhouse-server ended: %w; see %s", err, filepath.Join(dir, "errors"))
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("clickhouse-server does not answer: %w", err), s.stop())
		}
	}
}

// stop ends the server.
func (s *server) stop() error {
	s.client.CloseIdleConnections()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.exited:
		// Ended by a signal or not, it has ended.
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			return nil
		}
		return err
	case <-time.After(30 * time.Second):
		return errors.Join(errors.New("clickhouse-server had to be killed"), s.cmd.Process.Kill())
	}
}

// ask runs a statement and returns what it answers.
func (s *server) ask(ctx context.Context, text string) ([]byte, error) {
	return s.send(ctx, s.url, strings.NewReader(text))
}

// insert runs an INSERT whose data is in body.
func (s *server) insert(ctx context.Context, text string, body io.Reader) error {
	_, err := s.send(ctx, s.url+"?query="+url.QueryEscape(text), body)
	return err
}

func (s *server) send(ctx context.Context, to string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, body)
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("clickhouse: %s", b[:min(len(b), 500)])
	}
	return b, err
}

// peak returns the greatest resident memory of the server so far.
func (s *server) peak() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	var kib int64
	_, err = fmt.Sscan(rest, &kib)
	return kib << 10, err
}

// freePorts returns ports of loopback that nobody listens on.
func freePorts(n int) (ports []int, err error) {
	var held []net.Listener
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		held = append(held, l)
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	for _, l := range held {
		err = errors.Join(err, l.Close())
	}
	return ports, err
}
