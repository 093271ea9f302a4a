package main

import (
	"fmt"
	"time"

	"github.com/leakscope/leakscope/examples/internal/intake"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

// intakeFlags say how raw files are read; ingest and parse share them.
type intakeFlags struct {
	Format       string   `enum:"auto,jsonl,ulp,combo,csv,json,log" default:"auto" help:"What the files hold: ${enum}."`
	Password     []string `sep:"none" placeholder:"P" help:"Password to try on encrypted archives; repeatable. Other users of the machine may see it: prefer --password-file."`
	PasswordFile string   `placeholder:"FILE" help:"File with passwords to try, one a line."`

	MaxFiles  int64         `group:"limits" placeholder:"N" help:"Most files in one archive, nested ones included; default 10,000,000."`
	MaxBytes  int64         `group:"limits" placeholder:"N" help:"Most bytes that one archive may unpack to; default 4 TiB."`
	MaxRatio  int64         `group:"limits" placeholder:"N" help:"Most times its size that an archive may unpack to; default 300."`
	MaxDepth  int           `group:"limits" placeholder:"N" help:"Most archives inside each other; default 5."`
	MaxNested int64         `group:"limits" placeholder:"N" help:"Most bytes of nested archives in memory; default 64 MiB."`
	MaxTime   time.Duration `group:"limits" placeholder:"D" help:"Longest time for one archive, such as 1h; default none."`
}

func (f *intakeFlags) reader(e *env, source string) (*intake.Reader, error) {
	format, err := formats.ParseFormat(f.Format)
	if err != nil {
		return nil, usageErrorf("--format: %v", err)
	}
	passwords, err := intake.Passwords(f.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("--password-file: %w", err)
	}
	for _, limit := range []struct {
		flag string
		n    int64
	}{
		{"max-files", f.MaxFiles}, {"max-bytes", f.MaxBytes}, {"max-ratio", f.MaxRatio},
		{"max-depth", int64(f.MaxDepth)}, {"max-nested", f.MaxNested}, {"max-time", int64(f.MaxTime)},
	} {
		if limit.n < 0 {
			return nil, usageErrorf("--%s: must not be negative", limit.flag)
		}
	}
	return &intake.Reader{Format: format, Source: source, Stdin: e.stdin, Options: archives.Options{
		Passwords: append(f.Password, passwords...),
		Skip:      formats.Grabbed,
		Except:    e.isStore,
		Limits: archives.Limits{
			Entries: f.MaxFiles, Bytes: f.MaxBytes, Ratio: f.MaxRatio,
			Depth: f.MaxDepth, Nested: f.MaxNested, Time: f.MaxTime,
		},
	}}, nil
}
