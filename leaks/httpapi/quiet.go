package httpapi

import (
	"context"
	"log/slog"
	"strings"
)

// quiet passes on what net/http says of a connection, in one line: a stack of
// one of its panics may hold anything.
type quiet struct{ slog.Handler }

// Handle writes the first line of a record.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	line, _, _ := strings.Cut(r.Message, "\n")
	return q.Handler.Handle(ctx, slog.NewRecord(r.Time, r.Level, line, r.PC))
}

// WithAttrs and WithGroup keep it so.
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
