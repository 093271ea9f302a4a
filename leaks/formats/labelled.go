package formats

import (
	"io"
	"strings"

	"github.com/leakscope/leakscope/leaks"
)

// A credential is a record of a stealer's log before its machine's facts are
// joined. It is small because many wait for that at once.
type credential struct {
	host, user, pass, software string
	line                       int64
	labelled                   bool // of "KEY: value" lines, not of a single one
}

// A labelledReader reads the "KEY: value" records of one file, and the lines of
// the other formats that people paste between them. The grammar is that of
// FORMATS.md: a key counts at the start of its line only; a record ends at a
// rule, at a key it has already, or at a blank line once it has a place and a
// password. Whatever else stands there is banner or advertisement.
type labelledReader struct {
	src    *textSource
	labels labelMemory
	lines  lineParser
	plain  bool // no labelled line in the sample: each line is a record
	line   int64

	// The record under way.
	cur     credential
	keys    [labelOther]string // as written, of the labels it has
	profile string
	section string // software named in a heading, for the records below it
	open    bool   // an android URL that may go on in the next line

	emit   func(credential) error
	reject func(line int64, reason leaks.RejectReason, detail, excerpt string) error
}

// read reads the file to its end. The error is the source's, or one that emit
// or reject returned.
func (r *labelledReader) read() error {
	for {
		line, long, err := r.src.next()
		if err == io.EOF {
			return r.end()
		}
		if err != nil {
			return err
		}
		r.line++
		switch {
		case long:
			err = r.reject(r.line, leaks.RejectLineTooLong, "", "")
		case r.plain:
			err = r.plainLine(line)
		default:
			err = r.labelledLine(text(line))
		}
		if err != nil {
			return err
		}
	}
}

func (r *labelledReader) labelledLine(s string) error {
	if key, value, ok := cutKey(s); ok {
		if l := r.labels.of(key); l != labelNone && !(strings.HasPrefix(value, "//") && schemeLen(trimString(s)) > 0 && r.keys[labelURL] == "") {
			return r.set(l, key, value)
		}
	}
	s = trimString(s)
	switch {
	case s == "":
		return r.blank()
	case isRule(s):
		return r.rule()
	}
	if browser, ok := browserHeading(s); ok {
		if err := r.end(); err != nil {
			return err
		}
		r.section = browser
		return nil
	}
	if r.open {
		r.cur.host += s
		r.open = strings.IndexByte(r.cur.host, '@') < 0 && len(r.cur.host) < maxFact
		return nil
	}
	return r.strayLine(s)
}

// set takes one labelled value.
func (r *labelledReader) set(l label, key, value string) error {
	r.open = false
	if l == labelOther {
		return nil
	}
	if had := r.keys[l]; had != "" {
		complete := r.keys[labelURL] != "" && r.keys[labelPass] != ""
		if had == key || complete || l == labelURL {
			if err := r.end(); err != nil {
				return err
			}
		}
	}
	if r.cur.line == 0 {
		r.cur.line = r.line
	}
	if r.keys[l] == "" {
		r.keys[l] = key
	}
	if l == labelPass {
		if r.cur.pass == "" {
			r.cur.pass = value
		}
		return nil
	}
	value = trimString(value)
	switch l {
	case labelURL:
		r.cur.host = value
		r.open = strings.HasPrefix(value, "android://") && strings.IndexByte(value, '@') < 0
	case labelUser:
		if r.cur.user == "" {
			r.cur.user = value
		}
	case labelSoftware:
		if r.cur.software == "" {
			r.cur.software = value
		}
	case labelProfile:
		r.profile = value
	}
	return nil
}

// blank takes an empty line.
func (r *labelledReader) blank() error {
	if r.keys[labelURL] != "" && r.keys[labelPass] != "" {
		return r.end()
	}
	if r.onlySoftware() {
		return r.rule()
	}
	return nil
}

func (r *labelledReader) onlySoftware() bool {
	return r.keys[labelSoftware] != "" && r.keys[labelURL] == "" && r.keys[labelUser] == "" && r.keys[labelPass] == ""
}

// rule takes a line that parts records. A program named alone above it is a
// heading.
func (r *labelledReader) rule() error {
	if r.onlySoftware() {
		r.section = r.software()
	}
	return r.end()
}

// end gives the record under way, if there is one, and clears the state.
func (r *labelledReader) end() error {
	c, keys := r.cur, r.keys
	if c.line == 0 {
		return nil
	}
	c.software = r.software()
	r.cur, r.keys, r.profile, r.open = credential{}, [labelOther]string{}, "", false
	c.host = cleanHost(c.host)
	c.user = clearPlaceholder(c.user)
	if clearPlaceholder(trimString(c.pass)) == "" && trimString(c.pass) != "" {
		c.pass = ""
	}
	if c.user == "" && c.pass == "" {
		if keys[labelURL] == "" && keys[labelUser] == "" && keys[labelPass] == "" {
			return nil // a heading
		}
		return r.reject(c.line, leaks.RejectURLOnly, "", excerpt(keys[labelURL]+": "+c.host))
	}
	c.labelled = true
	return r.emit(c)
}

// software names the program of the record under way and the profile in it.
func (r *labelledReader) software() string {
	s := clearPlaceholder(r.cur.software)
	if s == "" {
		s = r.section
	}
	if p := clearPlaceholder(r.profile); p != "" {
		if s == "" {
			return p
		}
		if !strings.Contains(s, p) {
			return s + " [" + p + "]"
		}
	}
	return s
}

// cleanHost collapses a doubled scheme to the inner one and clears what stands
// for nothing.
func cleanHost(s string) string {
	s = clearPlaceholder(s)
	for {
		n := schemeLen(s)
		if n == 0 || schemeLen(s[n:]) == 0 {
			return s
		}
		s = s[n:]
	}
}

// browserHeading reads ["Browser" = "Profile"].
func browserHeading(s string) (string, bool) {
	s, ok1 := strings.CutPrefix(s, `["`)
	s, ok2 := strings.CutSuffix(s, `"]`)
	browser, profile, ok3 := strings.Cut(s, `"`)
	if !ok1 || !ok2 || !ok3 {
		return "", false
	}
	middle, profile, ok := strings.Cut(profile, `"`)
	if !ok || trimString(middle) != "=" {
		return "", false
	}
	return browser + " [" + profile + "]", true
}

// strayLine takes a line without a key. It is a record if it is one of the
// line formats beyond doubt; then the record before it has ended.
func (r *labelledReader) strayLine(s string) error {
	c, reason, detail := r.lines.cut(s)
	if reason == "" && c.shape == shapeCombo && (!r.lines.hosts.email(c.login) || c.password == "" || strings.IndexByte(s, ' ') >= 0) {
		reason, detail = leaks.RejectNotARecord, "no label"
	}
	if reason == "" && c.shape == shapeURLFirst && schemeLen(s) == 0 && strings.IndexByte(s, ' ') >= 0 {
		reason, detail = leaks.RejectNotARecord, "no label"
	}
	if reason != "" {
		return r.reject(r.line, reason, detail, excerpt(s))
	}
	if err := r.end(); err != nil {
		return err
	}
	return r.cutLine(c, s)
}

// plainLine takes a line of a file without labels.
func (r *labelledReader) plainLine(line []byte) error {
	line = trimBlanks(line)
	if len(line) == 0 || isRule(text(line)) {
		return nil
	}
	c, reason, detail := r.lines.cut(text(line))
	if reason != "" {
		return r.reject(r.line, reason, detail, excerpt(line))
	}
	return r.cutLine(c, text(line))
}

func (r *labelledReader) cutLine(c cut, s string) error {
	out := credential{host: c.host, user: clearPlaceholder(c.login), pass: clearPlaceholder(c.password), software: r.section, line: r.line}
	if out.user == "" && out.pass == "" {
		return r.reject(r.line, leaks.RejectURLOnly, "", excerpt(s))
	}
	return r.emit(out)
}
