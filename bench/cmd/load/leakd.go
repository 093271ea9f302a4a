package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// daemon is a leakd that was started.
type daemon struct {
	cmd  *exec.Cmd
	addr string
}

var servingAt = regexp.MustCompile(`msg=serving url=http://(\S+)`)

// startLeakd starts leakd without a limit on rates and waits until it serves.
func startLeakd(ctx context.Context, leakd, dir, keyFile string) (*daemon, error) {
	cmd := exec.CommandContext(ctx, leakd, "--store", dir, "--key-file", keyFile,
		"--listen", "127.0.0.1:0", "--rate=-1", "--max-wait", "30s")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	// Its log goes to a file, as a service's does: a line for each request.
	log, err := os.CreateTemp("", "leakd-*.log")
	if err != nil {
		return nil, err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for range 600 {
		text, err := os.ReadFile(log.Name())
		if err != nil {
			return nil, err
		}
		if m := servingAt.FindSubmatch(text); m != nil {
			return &daemon{cmd, string(m[1])}, nil
		}
		if cmd.Process.Signal(syscall.Signal(0)) != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	text, err := os.ReadFile(log.Name())
	return nil, errors.Join(fmt.Errorf("leakd does not serve: %s", text), err, cmd.Process.Kill(), cmd.Wait())
}

func (d *daemon) stop() {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
	}
	if err := d.cmd.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, "load: leakd:", err)
	}
}

// memory is leakd's resident memory, in bytes.
func (d *daemon) memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("no VmRSS in /proc/%d/status", d.cmd.Process.Pid)
}

// cpu is the processor time that leakd has taken.
func (d *daemon) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const hertz = 100
	user, err := strconv.ParseInt(f[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * time.Second / hertz, err
}
