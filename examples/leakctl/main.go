// Command leakctl is the command line of leakscope: it ingests files into a
// store and asks the store everything the API can be asked. It holds no logic
// of its own beyond flags, files and output.
//
// Exit codes: 0 done, 1 failed, 2 wrong usage. Errors go to standard error,
// one line each; answers go to standard output.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"unicode"

	"github.com/alecthomas/kong"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// cli is the whole command line.
type cli struct {
	Store   string `placeholder:"DIR" help:"Directory of the store; parse needs none."`
	KeyFile string `placeholder:"FILE" help:"File with the store's key: 64 hex digits. Without it, a file of the user's configuration directory named after the store. Made on first ingest; never inside the store."`
	JSON    bool   `name:"json" help:"Print JSON instead of tables."`

	Ingest    ingestCmd    `cmd:"" help:"Take files into the store, making it if need be."`
	Parse     parseCmd     `cmd:"" help:"Print what files hold, without a store."`
	Details   detailsCmd   `cmd:"" help:"List deduplicated credentials of a scope."`
	ByHash    byHashCmd    `cmd:"" help:"List every occurrence of one credential."`
	Analytics analyticsCmd `cmd:"" help:"Show the permanent aggregates of one domain."`
	Documents documentsCmd `cmd:"" help:"List leaked documents."`
	Cards     cardsCmd     `cmd:"" help:"List payment cards by BIN."`
	Machine   machineCmd   `cmd:"" help:"Show one infected machine and its credentials."`
	Stats     statsCmd     `cmd:"" help:"Show the statistics of a scope in a window."`
	Keyword   keywordCmd   `cmd:"" help:"Look for hosts that match keywords."`

	Workspace workspaceCmd `cmd:"" help:"Make, list, change and delete workspaces."`
	Key       apiKeyCmd    `cmd:"" help:"Make, list, rotate and revoke API keys."`
	Watch     watchCmd     `cmd:"" help:"Say what a workspace watches."`
	Monitor   monitorCmd   `cmd:"" help:"Have new credentials of a workspace told."`

	Compact compactCmd `cmd:"" help:"Merge all segments and give disk space back."`
	Expire  expireCmd  `cmd:"" help:"Drop occurrences detected before a day; aggregates stay."`
	Verify  verifyCmd  `cmd:"" help:"Read and check every stored byte."`
	Info    infoCmd    `cmd:"" help:"Show segments, rows, and bytes by part."`
}

// env is what a command runs in.
type env struct {
	cli    *cli
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// errReported is returned by a command that failed and has said why.
var errReported = errors.New("failed")

// usageError is a mistake in how leakctl was called.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the work cleanly; a second one kills.
	context.AfterFunc(ctx, stop)
	// Most of what an ingest holds is a few large tables without pointers, which
	// cost the collector little to look at and much memory to double.
	debug.SetGCPercent(gcPercent)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// gcPercent is the garbage, in percent of what is in use, at which it is
// collected. With 30 an ingest of 5,000,000 records peaks at 430 MiB where Go's
// default takes 670, for the same processor time.
const gcPercent = 30

// run is main with its surroundings as parameters; it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	e := &env{cli: new(cli), stdin: stdin, stdout: stdout, stderr: stderr}
	parser, err := kong.New(e.cli,
		kong.Name("leakctl"),
		kong.Description("Store, search and count credential leaks. Passwords are masked on the way in and kept nowhere."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "filters", Title: "Filters (values of one are OR-ed, different ones AND-ed):"},
			{Key: "limits", Title: "Limits of archives:"},
		}),
		kong.Writers(stdout, stderr),
	)
	if err != nil {
		e.sayError(err)
		return exitFailed
	}
	call, err := parser.Parse(args)
	if err != nil {
		e.sayError(fmt.Errorf("%w (leakctl --help tells more)", err))
		return exitUsage
	}
	call.BindTo(ctx, (*context.Context)(nil))
	return e.code(call.Run(e))
}

// code reports err, if any, and returns the exit code for it.
func (e *env) code(err error) int {
	var param *leaks.ParamError
	var usage *usageError
	var quota *watchlist.QuotaError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &quota):
		e.say("quota reached: %d of %d %s are used, %d more were asked for", quota.Used, quota.Limit, quota.Metric, quota.Requested)
		return exitFailed
	case errors.As(err, &param) && strings.HasPrefix(param.Param, "entries["):
		e.sayError(param)
		return exitUsage
	case errors.As(err, &param):
		e.say("--%s: %s", flagName(param.Param), param.Msg)
		return exitUsage
	case errors.As(err, &usage), errors.Is(err, leaks.ErrInvalid), errors.Is(err, watchlist.ErrInvalid):
		e.sayError(err)
		return exitUsage
	}
	e.sayError(err)
	return exitFailed
}

// flagName is the flag of a parameter: page-size of page_size and of pageSize.
func flagName(param string) string {
	var name strings.Builder
	for _, r := range param {
		switch {
		case r == '_':
			r = '-'
		case unicode.IsUpper(r):
			name.WriteByte('-')
			r = unicode.ToLower(r)
		}
		name.WriteRune(r)
	}
	return name.String()
}

// ofFlag names the flag that a wrong parameter came from, where that is another.
func ofFlag(err error, flag string) error {
	if param, ok := errors.AsType[*leaks.ParamError](err); ok {
		return &leaks.ParamError{Param: flag, Msg: param.Msg}
	}
	return err
}

// sayError prints err as one line.
func (e *env) sayError(err error) { e.say("%s", err) }

// sayPathError prints what went wrong with a path, naming it once.
func (e *env) sayPathError(path string, err error) {
	if !strings.Contains(err.Error(), path) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	e.sayError(err)
}

// say prints one line on standard error.
func (e *env) say(format string, args ...any) {
	fmt.Fprintln(e.stderr, "leakctl: "+printable(fmt.Sprintf(format, args...)))
}

// open opens the store; create makes it when it is not there yet.
func (e *env) open(create bool, opts leaks.Options) (*leaks.Store, error) {
	dir := e.cli.Store
	if dir == "" {
		return nil, usageErrorf("missing flags: --store=DIR (leakctl --help tells more)")
	}
	exists, err := holdsSomething(dir)
	if err != nil {
		return nil, err
	}
	if !exists && !create {
		return nil, fmt.Errorf("no store at %s: leakctl ingest makes one", dir)
	}
	key, keyFile, err := e.key(!exists)
	if err != nil {
		return nil, err
	}
	opts.Key = key
	s, err := leaks.Open(dir, &opts)
	if errors.Is(err, leaks.ErrWrongKey) {
		return nil, fmt.Errorf("%w: key file %s", err, keyFile)
	}
	return s, err
}

// query opens the store for one question and closes it again.
func (e *env) query(ask func(*leaks.Store) error) error {
	s, err := e.open(false, leaks.Options{NoBackgroundMerge: true})
	if err != nil {
		return err
	}
	return e.after(ask(s), s.Close())
}

// after adds to how a command went how closing went after it.
func (e *env) after(err, closing error) error {
	if closing == nil {
		return err
	}
	e.sayError(closing)
	return cmp.Or(err, errReported)
}

// isStore reports whether a folder is the store, which holds nothing to be
// ingested.
func (e *env) isStore(info os.FileInfo) bool {
	store, err := os.Stat(e.cli.Store)
	return err == nil && os.SameFile(store, info)
}

// holdsSomething reports whether dir is a directory with anything in it. An
// empty or missing one has no store; whether another one has, leaks.Open
// decides.
func holdsSomething(dir string) (bool, error) {
	f, err := os.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if errors.Is(err, syscall.ENOTDIR) {
		return false, fmt.Errorf("store %s: it is a file, not a folder", dir)
	}
	if err != nil {
		return false, fmt.Errorf("store %s: %w", dir, err)
	}
	return true, nil
}
