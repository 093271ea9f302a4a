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
	for data := b.data; len(data) > 0; b.lines++ {
		line := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		if len(line) > p.maxLine {
			b.reject(leaks.RejectLineTooLong, "")
			continue
		}
		p.line(b, line)
	}
	if b.long {
		b.reject(leaks.RejectLineTooLong, "")
		b.lines++
	}
}

func (p *blockParser) line(b *block, line []byte) {
	if !p.jsonl {
		line = cleanLine(line)
		if !isASCII(line) && !utf8.Valid(line) {
			line = p.page.decode(line)
		}
	}
	if i := skipBlank(line, 0); i == len(line) {
		return
	}
	rec := b.next()
	var reason leaks.RejectReason
	var detail string
	if p.jsonl || isObject(line) {
		reason, detail = p.json.parse(line, rec)
	} else {
		reason, detail = p.lines.parse(text(line), rec)
	}
	if reason == "" && rec.Username == "" && rec.Password == "" {
		reason = leaks.RejectURLOnly
	}
	if reason != "" {
		b.drop()
		b.reject(reason, detail)
		return
	}
	if rec.Source == "" {
		rec.Source = p.source
	}
	rec.Place.Line = b.lines // within the block; yield makes it the file's
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
