package main

import (
	"context"
	"time"

	"github.com/leakscope/leakscope/leaks"
)

type compactCmd struct{}

// compacted is what compact prints: the store's size on disk, in bytes, before
// and after.
type compacted struct {
	Segments    int   `json:"segments"`
	BytesBefore int64 `json:"bytes_before"`
	Bytes       int64 `json:"bytes"`
}

func (c *compactCmd) Run(ctx context.Context, e *env) error {
	return e.query(func(s *leaks.Store) error {
		before, err := s.Info(ctx)
		if err != nil {
			return err
		}
		if err := s.Compact(ctx); err != nil {
			return err
		}
		after, err := s.Info(ctx)
		if err != nil {
			return err
		}
		answer := compacted{len(after.Segments), before.Bytes, after.Bytes}
		return e.print(answer, func(p *page) {
			p.line("segments: %d, %s (before: %d, %s)", answer.Segments, size(answer.Bytes), len(before.Segments), size(answer.BytesBefore))
		})
	})
}

type expireCmd struct {
	Before string `required:"" placeholder:"DAY" help:"First day to keep, 2006-01-02."`
}

// expired is what expire prints.
type expired struct {
	Dropped int64 `json:"dropped"`
}

func (c *expireCmd) Run(ctx context.Context, e *env) error {
	before, err := time.Parse(time.DateOnly, c.Before)
	if err != nil {
		return usageErrorf("--before: %q is no day: write 2006-01-02", c.Before)
	}
	return e.query(func(s *leaks.Store) error {
		n, err := s.Expire(ctx, before)
		if err != nil {
			return err
		}
		return e.print(expired{n}, func(p *page) { p.line("%s rows dropped", number(n)) })
	})
}

type verifyCmd struct{}

// verified is what verify prints when all is well.
type verified struct {
	OK bool `json:"ok"`
}

func (c *verifyCmd) Run(ctx context.Context, e *env) error {
	return e.query(func(s *leaks.Store) error {
		if err := s.Verify(ctx); err != nil {
			return err
		}
		return e.print(verified{true}, func(p *page) { p.line("ok: every stored byte is as it was written") })
	})
}

type infoCmd struct{}

func (c *infoCmd) Run(ctx context.Context, e *env) error {
	return e.query(func(s *leaks.Store) error {
		info, err := s.Info(ctx)
		if err != nil {
			return err
		}
		return e.print(info, func(p *page) { infoTable(p, info) })
	})
}

func infoTable(p *page, info *leaks.Info) {
	var rows [][]string
	for _, s := range info.Segments {
		rows = append(rows, []string{
			s.ID, s.Dataset, number(s.Rows), number(s.Credentials), size(s.Bytes), day(s.FirstSeen), day(s.LastSeen),
		})
	}
	p.table([]string{"SEGMENT", "HOLDS", ">ROWS", ">GROUPS", ">BYTES", "FIRST SEEN", "LAST SEEN"}, rows)
	rows = [][]string{{"catalogue", size(info.CatalogBytes)}}
	var rest int64
	for i, part := range info.Parts { // largest first
		if i < 15 {
			rows = append(rows, []string{part.Name, size(part.Bytes)})
			continue
		}
		rest += part.Bytes
	}
	rows = append(rows, []string{"others", size(rest)})
	p.line("")
	p.table([]string{"PART", ">BYTES"}, rows)
	p.line("")
	if info.Documents+info.Cards > 0 {
		p.line("%s documents, %s cards", number(info.Documents), number(info.Cards))
	}
	p.line("%s rows, %s", number(info.Rows), size(info.Bytes))
}
