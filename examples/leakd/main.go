// Command leakd serves a store over HTTP: the leaks API and the workspace API of
// package httpapi.
//
//	go run ./examples/leakd --store DIR
//
// listens on 127.0.0.1:8080. At its first start it makes an administrator's key
// and prints the secret to standard output, once. All else goes to standard
// error, as structured log lines without secrets. Every flag can be given as an
// environment variable, too: --max-wait is LEAKD_MAX_WAIT.
//
// Exit codes: 0 after a signal, 1 failed, 2 wrong usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/leakscope/leakscope/examples/internal/storekey"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/httpapi"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// options are the flags.
type options struct {
	Store   string `required:"" placeholder:"DIR" help:"Directory of the store; made if it is missing."`
	KeyFile string `placeholder:"FILE" help:"File with the store's key: 64 hex digits. Without it, a file of the user's configuration directory named after the store. Made with the store; never inside it."`

	Listen        string        `default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to listen on (${default}); port 0 takes a free one."`
	TLSCert       string        `name:"tls-cert" placeholder:"FILE" help:"Certificate chain in PEM: serve HTTPS."`
	TLSKey        string        `name:"tls-key" placeholder:"FILE" help:"Private key of the certificate in PEM."`
	MetricsListen string        `placeholder:"ADDR" help:"Serve Prometheus metrics at /metrics of this address, without a key; off if not given."`
	Shutdown      time.Duration `default:"15s" help:"How long requests may go on after a signal (${default})."`

	Memory      string        `default:"512M" placeholder:"SIZE" help:"Memory for what the store keeps loaded (${default}); K, M or G."`
	Rate        int           `default:"100" help:"Requests a second of each key (${default}); no limit if negative, as in --rate=-1."`
	Burst       int           `help:"Requests of a key at once; twice the rate if 0."`
	Concurrency int           `help:"Requests computed at once; 2 for each processor if 0."`
	MaxWait     time.Duration `default:"2s" help:"How long a request waits for its turn (${default})."`
	Timeout     time.Duration `default:"30s" help:"How long an answer may take to compute (${default})."`

	MonitorInterval time.Duration `default:"1m" help:"How often monitors look for new credentials and webhooks are tried again (${default}); never if 0."`
	WebhookPrivate  bool          `help:"Let webhooks go to http and to addresses that are not public, such as those of one's own network. Whoever edits a monitor can then reach them."`

	Spool          string        `placeholder:"DIR" help:"Ingest the files and folders that come into this folder, as leakctl ingest would, and move them to done or failed in it, each with a report; lists of documents and of cards go into documents and cards in it. What is not complete yet should have a dot before its name, or be left alone for long enough."`
	SpoolSource    string        `placeholder:"ID" help:"Channel or feed of what comes that way, for records that name none."`
	SpoolPasswords string        `placeholder:"FILE" help:"File with passwords to try on encrypted archives, one a line."`
	SpoolInterval  time.Duration `default:"5s" help:"How often the folder is looked at (${default})."`
	SpoolSettle    time.Duration `default:"10s" help:"How long a file or folder must not have changed to count as complete (${default})."`

	LogLevel  slog.Level `default:"info" placeholder:"LEVEL" help:"debug, info, warn or error (${default})."`
	LogFormat string     `default:"text" enum:"text,json" help:"${enum} (${default})."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the work cleanly; a second one kills.
	context.AfterFunc(ctx, stop)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// gcPercent is the garbage, in percent of what is in use, at which it is
// collected. What is in use is mostly the store's loaded chunks, which do not
// change: 200 answers some 8 % more pages a second than Go's default, for 200 MiB.
const gcPercent = 200

// run is main with its surroundings as parameters; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var opt options
	parser, err := kong.New(&opt,
		kong.Name("leakd"),
		kong.Description("Serve a store of credential leaks over HTTP to those whom they concern."),
		kong.DefaultEnvars("LEAKD"),
		kong.Writers(stdout, stderr),
	)
	if err == nil {
		_, err = parser.Parse(args)
	}
	if err == nil {
		err = opt.check()
	}
	if err != nil {
		fmt.Fprintf(stderr, "leakd: %s (leakd --help tells more)\n", err)
		return exitUsage
	}
	if err := serve(ctx, &opt, opt.logger(stderr), stdout); err != nil {
		fmt.Fprintf(stderr, "leakd: %s\n", err)
		return exitFailed
	}
	return exitDone
}

func (o *options) check() error {
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	for _, c := range []struct {
		flag     string
		negative bool
	}{
		{"shutdown", o.Shutdown < 0}, {"burst", o.Burst < 0}, {"concurrency", o.Concurrency < 0},
		{"max-wait", o.MaxWait < 0}, {"timeout", o.Timeout < 0},
		{"monitor-interval", o.MonitorInterval < 0}, {"spool-settle", o.SpoolSettle < 0},
	} {
		if c.negative {
			return fmt.Errorf("--%s: must not be negative", c.flag)
		}
	}
	if o.SpoolInterval <= 0 {
		return errors.New("--spool-interval: must be positive")
	}
	if o.Spool == "" && (o.SpoolSource != "" || o.SpoolPasswords != "") {
		return errors.New("--spool-source and --spool-passwords are for --spool")
	}
	_, err := o.memory()
	return err
}

// memory is --memory in bytes.
func (o *options) memory() (int64, error) {
	var n int64
	var unit string
	if _, err := fmt.Sscanf(o.Memory+" ", "%d%s", &n, &unit); err != nil && n == 0 {
		return 0, fmt.Errorf("--memory: %q is no size: write 512M or 2G", o.Memory)
	}
	shift, ok := map[string]int{"": 0, "K": 10, "M": 20, "G": 30}[unit]
	if !ok || n <= 0 || n > 1<<40>>shift {
		return 0, fmt.Errorf("--memory: %q is no size: write 512M or 2G", o.Memory)
	}
	return n << shift, nil
}

func (o *options) logger(w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: o.LogLevel}
	if o.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// open opens the store, which is made if there is none.
func (o *options) open(log *slog.Logger) (*leaks.Store, error) {
	fresh, err := isEmpty(o.Store)
	if err != nil {
		return nil, err
	}
	key, err := storekey.Find(o.Store, o.KeyFile, fresh)
	if errors.Is(err, os.ErrNotExist) && !fresh {
		return nil, fmt.Errorf("no key file at %s: if %s is a store, name its key with --key-file", key.File, o.Store)
	}
	if err != nil {
		return nil, err
	}
	if key.Made {
		log.Info("made a key for the store: keep it, the store cannot be opened without it", "file", key.File)
	}
	budget, err := o.memory()
	if err != nil {
		return nil, err
	}
	s, err := leaks.Open(o.Store, &leaks.Options{Key: key.Key, MemoryBudget: budget, Logger: log})
	if errors.Is(err, leaks.ErrWrongKey) {
		return nil, fmt.Errorf("%w: key file %s", err, key.File)
	}
	return s, err
}

// isEmpty reports whether there is nothing at dir yet.
func isEmpty(dir string) (bool, error) {
	f, err := os.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	switch {
	case errors.Is(err, io.EOF):
		return true, nil
	case errors.Is(err, syscall.ENOTDIR):
		return false, fmt.Errorf("store %s: it is a file, not a folder", dir)
	}
	return false, err
}

// handler makes the handler of a store.
func (o *options) handler(s *leaks.Store, log *slog.Logger, observe func(httpapi.Observation)) (*httpapi.Handler, error) {
	return httpapi.New(httpapi.Options{
		Store: s, Logger: log, Observe: observe,
		Rate: o.Rate, Burst: o.Burst, Concurrency: o.Concurrency,
		MaxWait: o.MaxWait, Timeout: o.Timeout,
	})
}
