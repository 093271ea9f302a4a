package formats

import (
	"context"
	"io"
	"unicode/utf8"
)

// Lines reports whether [Parse] would read a plain file, that belongs to no
// victim's log, as one record a line, and in which format: if so, [Blocks] of
// that format gives the same records and rejects, faster. It reads some of r;
// name and size in bytes are the file's, format is the one asked for.
//
// False may also mean that it is not worth telling: Parse is always right.
func Lines(ctx context.Context, r io.Reader, name string, size int64, format Format) (Format, bool) {
	kind := nameKind(name)
	if kind == KindGrabbed || kind == KindIgnored || kind == KindBinary {
		return "", false
	}
	src := newTextSource(ctx, r, size, DefaultMaxLine)
	sample, err := src.sample()
	if err != nil || src.newline != '\n' || !utf8.Valid(sample) || isBinary(sample[:min(len(sample), binarySample)]) {
		return "", false
	}
	switch format {
	case Auto:
	case JSONL, ULP, Combo:
		return format, true
	default:
		return "", false
	}
	if kind == KindCookies || kind == KindCards {
		return "", false
	}
	c := sniff(sample)
	switch {
	case c.jsonl:
		return JSONL, true
	case c.json, c.csv != nil, c.labelled, c.system:
		return "", false
	}
	return Auto, kind == "" || kind == KindCredentials && size > listSize
}

// listSize is the size in bytes above which a file that is called passwords is
// no victim's, but a list.
const listSize = 8 << 20
