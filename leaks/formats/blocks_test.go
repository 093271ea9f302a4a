package formats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/leakscope/leakscope/leaks"
)

// blocksTranscript is transcript of Blocks. It frees each block late, as an
// ingest does, with up to depth under way.
func blocksTranscript(r io.Reader, opts Options, depth int) (lines []string, err error) {
	var held []leaks.Block
	take := func(b leaks.Block) {
		b.Records(func(rec *leaks.Record, reject *leaks.Reject) {
			if reject != nil {
				lines = append(lines, fmt.Sprintf("%s:%d %s", reject.Place.File, reject.Place.Line, reject.Reason))
				return
			}
			lines = append(lines, fmt.Sprintf("%q %q %q", rec.Host, rec.Username, rec.Password))
		})
		b.Free()
	}
	for b, err := range Blocks(context.Background(), r, opts) {
		if err != nil {
			return lines, err
		}
		if held = append(held, b); len(held) > depth {
			take(held[0])
			held = held[1:]
		}
	}
	for _, b := range held {
		take(b)
	}
	return lines, nil
}

// TestBlocksGiveWhatReadGives: for any size of block, in any order of use, with
// lines too long to hold among them.
func TestBlocksGiveWhatReadGives(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		lines := mixedLines(rng, rng.IntN(400))
		for range rng.IntN(3) {
			i := rng.IntN(len(lines) + 1)
			lines = append(lines[:i:i], append([]string{strings.Repeat("y", 300) + ":pw\n"}, lines[i:]...)...)
		}
		input := strings.Join(lines, "")
		if rng.IntN(2) == 0 {
			input = strings.TrimRight(input, "\r\n")
		}
		opts := Options{File: "f", MaxLine: 50, Format: []Format{Auto, JSONL, ULP, Combo}[rng.IntN(4)]}
		want, err := transcript(strings.NewReader(input), opts)
		if err != nil {
			t.Fatal(err)
		}
		opts.blockSize = 1 + rng.IntN(500)
		got, err := blocksTranscript(iotest.OneByteReader(strings.NewReader(input)), opts, rng.IntN(5))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("blocks of %d bytes give\n%s\nwant\n%s", opts.blockSize, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestBlocksEndWithTheErrorOfTheReader(t *testing.T) {
	broken := errors.New("broken")
	input := "https://a.example.com:u1:p\nhttps://a.example.com:u2:p\nhttps://a.exa"
	r := io.MultiReader(strings.NewReader(input), iotest.ErrReader(broken))
	got, err := blocksTranscript(r, Options{Format: ULP, File: "f"}, 0)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "f") {
		t.Fatalf("error %v", err)
	}
	if len(got) != 2 {
		t.Fatalf("%d records came before it", len(got))
	}
}

func TestBlocksEndWithTheirContextAlthoughReadHangs(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	hang, unhang := io.Pipe()
	defer unhang.Close()
	r := io.MultiReader(strings.NewReader(strings.Repeat("https://a.example.com:u:p\n", 50_000)), hang)
	var err error
	for b, e := range Blocks(ctx, r, Options{Format: ULP}) {
		if err = e; err == nil {
			b.Free()
			cancel()
		}
	}
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
}

func TestBlocksStopWithTheirConsumer(t *testing.T) {
	for range Blocks(context.Background(), strings.NewReader(strings.Repeat("https://a.example.com:u:p\n", 50_000)), Options{Format: ULP}) {
		break
	}
}
