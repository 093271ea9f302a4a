// Gen writes a synthetic corpus to a file.
//
//	go run ./cmd/gen -n 1000000 -seed 1 -format jsonl -o corpus.jsonl
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/leakscope/leakscope/bench/corpus"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	n := flags.Int64("n", 1000000, "how many occurrences")
	seed := flags.Uint64("seed", 1, "which corpus")
	format := flags.String("format", "jsonl", "jsonl or ulp")
	out := flags.String("o", "-", "the file to write, - for standard output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *n < 1 {
		return fmt.Errorf("-n must be 1 or more")
	}
	c := corpus.New(*seed, *n)
	write := c.WriteJSONL
	switch *format {
	case "jsonl":
	case "ulp":
		write = c.WriteULP
	default:
		return fmt.Errorf("unknown format %q", *format)
	}
	if *out == "-" {
		return write(stdout, 0, *n)
	}
	f, err := os.Create(*out)
	if err != nil {
		return err
	}
	if err := write(f, 0, *n); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
