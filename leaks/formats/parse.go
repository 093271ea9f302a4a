package formats

import (
	"bytes"
	"unicode/utf8"

	"github.com/leakscope/leakscope/leaks"
)

// A blockParser turns the lines of blocks into records. Each worker has one.
type blockParser struct {
	jsonl   bool
	maxLine int
	source  string // for records that bring none
	page    codePage
	lines   lineParser
	json    jsonReader
}

// parse fills b.records, b.rejects and b.lines.
func (p *blockParser) parse(b *block) {
	p.each(b.data, b.long, func(line []byte) {
		rec := b.next()
		ok, reason, detail := p.line(line, rec)
		if ok {
			rec.Place.Line = b.lines // within the block; yield makes it the file's
		} else {
			b.drop()
			if reason != "" {
				b.reject(reason, detail, excerpt(line))
			}
		}
		b.lines++
	}, func() {
		b.reject(leaks.RejectLineTooLong, "", "")
		b.lines++
	})
}

// each calls line for each line of data, without its newline, and tooLong for
// one above the limit, as also stands behind data if long is set.
func (p *blockParser) each(data []byte, long bool, line func([]byte), tooLong func()) {
	for len(data) > 0 {
		next := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			next, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		if len(next) > p.maxLine {
			tooLong()
		} else {
			line(next)
		}
	}
	if long {
		tooLong()
	}
}

// line reads a line into rec, which is clear. Neither ok nor a reason means
// that the line is blank.
func (p *blockParser) line(line []byte, rec *leaks.Record) (ok bool, reason leaks.RejectReason, detail string) {
	if !p.jsonl {
		if line = trimBlanks(line); !isPrintable(line) {
			line = cleanLine(line)
			if !isASCII(line) && !utf8.Valid(line) {
				line = p.page.decode(line)
			}
		}
	}
	if i := skipBlank(line, 0); i == len(line) {
		return false, "", ""
	}
	if p.jsonl || isObject(line) {
		reason, detail = p.json.parse(line, rec)
	} else {
		reason, detail = p.lines.parse(text(line), rec)
	}
	if reason == "" && rec.Username == "" && rec.Password == "" {
		reason = leaks.RejectURLOnly
	}
	if reason != "" {
		return false, reason, detail
	}
	if rec.Source == "" {
		rec.Source = p.source
	}
	return true, "", ""
}

// isObject reports whether a line among lines of another format is a JSON
// object. As a login it would be one nobody has.
func isObject(line []byte) bool {
	if line[0] != '{' {
		return false
	}
	i := skipBlank(line, 1)
	return i < len(line) && line[i] == '"'
}
