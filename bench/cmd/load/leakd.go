package main

import (
	"bufio"
	"context"
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
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if m := servingAt.FindStringSubmatch(lines.Text()); m != nil {
			// Its log goes on: a line for each request, which nobody keeps.
			go func() {
				for lines.Scan() {
				}
			}()
			return &daemon{cmd, m[1]}, nil
		}
		fmt.Fprintln(os.Stderr, lines.Text())
	}
	return nil, fmt.Errorf("leakd does not serve: %w", cmd.Wait())
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
