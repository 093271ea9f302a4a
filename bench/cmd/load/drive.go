package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"
)

// result is what a drive saw.
type result struct {
	took   []time.Duration // of each page, in no order
	rows   int
	failed int
	first  string // the status line of the first failure
}

// drive asks from many connections until the time is over.
func drive(ctx context.Context, addr string, keys []string, conns int, duration time.Duration) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	parts := make([]result, conns)
	errs := make([]error, conns)
	var wg sync.WaitGroup
	for i := range conns {
		wg.Go(func() { errs[i] = parts[i].ask(ctx, addr, keys, uint64(i)) })
	}
	wg.Wait()
	var all result
	for i, p := range parts {
		if errs[i] != nil {
			return all, errs[i]
		}
		all.took = append(all.took, p.took...)
		all.rows += p.rows
		all.failed += p.failed
		if all.first == "" {
			all.first = p.first
		}
	}
	if len(all.took) == 0 {
		return all, fmt.Errorf("no page in %s", duration)
	}
	return all, nil
}

// ask asks one page after the other over one connection. It speaks HTTP itself,
// as net/http's client would take more of the processors than the server.
func (r *result) ask(ctx context.Context, addr string, keys []string, seed uint64) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	in := bufio.NewReaderSize(c, 64<<10)
	rng := rand.New(rand.NewPCG(seed, 3))
	var out []byte
	for ctx.Err() == nil {
		out = fmt.Appendf(out[:0], "GET /leaks/details?identifier_column=root_domain%s HTTP/1.1\r\nHost: leakd\r\nX-Api-Key: %s\r\n\r\n",
			variant(rng), keys[rng.IntN(len(keys))])
		start := time.Now()
		if _, err := c.Write(out); err != nil {
			return err
		}
		status, rows, err := answer(in)
		if err != nil {
			return err
		}
		r.took = append(r.took, time.Since(start))
		r.rows += rows
		if status != "HTTP/1.1 200 OK" {
			r.failed++
			if r.first == "" {
				r.first = status
			}
		}
	}
	return nil
}

// variant is what a page is asked with beside its scope: mostly nothing.
func variant(rng *rand.Rand) string {
	switch n := rng.IntN(100); {
	case n < 60:
		return ""
	case n < 75:
		return "&page=" + strconv.Itoa(2+rng.IntN(5))
	case n < 85:
		return "&sort_by=last_seen"
	case n < 95:
		return "&type=Stealer&start_date=2025-0" + strconv.Itoa(1+rng.IntN(9)) + "-01"
	default:
		return "&search=" + string(rune('a'+rng.IntN(26))) + string(rune('a'+rng.IntN(26))) + string(rune('a'+rng.IntN(26)))
	}
}

var hashMember = []byte(`"hash":`)

// answer reads one answer: its status line, and how many rows there are in it.
func answer(in *bufio.Reader) (status string, rows int, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first {
			status = string(line)
			continue
		}
		if len(line) == 0 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(v)); err != nil {
				return "", 0, err
			}
		}
	}
	if length < 0 {
		return "", 0, fmt.Errorf("%s without a length", status)
	}
	for left := length; left > 0; {
		b, err := in.Peek(min(left, in.Size()))
		if err != nil {
			return "", 0, fmt.Errorf("an answer of %d bytes: %w", length, io.ErrUnexpectedEOF)
		}
		// A member cut in two is counted in neither half: at most one row in
		// 64 KiB of answer.
		rows += bytes.Count(b, hashMember)
		left -= len(b)
		if _, err := in.Discard(len(b)); err != nil {
			return "", 0, err
		}
	}
	return status, rows, nil
}
