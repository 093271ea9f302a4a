package formats

import (
	"errors"
	"path"
	"strings"

	"github.com/leakscope/leakscope/leaks"
)

// This file leads each file of an input to the reader for what it is.

func (p *parser) reject(line int64, reason leaks.RejectReason, detail, excerpt string) error {
	r := &leaks.Reject{Reason: reason, Place: leaks.Place{File: p.place, Line: line}, Detail: detail, Excerpt: excerpt}
	if err := p.give(Item{File: p.place, Line: line, Archive: p.entry.Archive}, r); err != nil {
		return innerError{err}
	}
	return nil
}

// content parses a file whose name is of the given kind, as far as a name says.
func (p *parser) content(src *textSource, kind Kind) error {
	sample, err := src.sample()
	if err != nil {
		return err
	}
	if isBinary(sample[:min(len(sample), binarySample)]) {
		p.told(p.entry, KindBinary)
		return p.reject(0, leaks.RejectBinary, "", "")
	}
	if p.opts.Format != Auto {
		p.told(p.entry, kindOf(p.opts.Format))
		return p.as(src, sample, p.opts.Format)
	}
	switch kind {
	case KindCookies:
		p.told(p.entry, kind)
		return p.cookies(src)
	case KindCards:
		p.told(p.entry, kind)
		return p.cardFile(src)
	}
	if kind == kindDoubtful {
		if votes := vote(sample); (votes.urlFirst+votes.urlLast+votes.emails)*10 < 6*votes.lines {
			p.told(p.entry, KindIgnored)
			return nil
		}
		p.told(p.entry, KindLines)
		return p.lineFile(src, Auto)
	}
	c := sniff(sample)
	v := p.logs.of(p.entry)
	if c.labelled && kind == "" && !v.known && v.name.hardware == "" {
		// A list that somebody made, of more than one log for all we know. If
		// a system file turns up beside it, it is that log's.
		v = p.logs.at(p.entry.Archive, p.entry.Path)
	}
	switch {
	case c.jsonl:
		p.told(p.entry, KindLines)
		return p.lineFile(src, JSONL)
	case c.json:
		p.told(p.entry, KindJSON)
		return p.document(src)
	case c.csv != nil:
		p.told(p.entry, KindCSV)
		return p.table(src, c.csv)
	case c.labelled:
		return p.credentials(v, src, sample, false)
	case kind == KindSystem, c.system && kind == "":
		return p.systemFile(v, src, kind == "")
	case kind == KindCredentials:
		if v.name.hardware == "" && !v.known && (src.size < 0 || src.size > listSize) {
			break // a list that somebody called passwords
		}
		return p.credentials(v, src, sample, true)
	case v.known || v.name.hardware != "":
		// A file of a log whose name says nothing: read if it is a list of
		// credentials beyond doubt.
		if votes := vote(sample); (votes.urlFirst+votes.urlLast)*10 < 6*votes.lines {
			p.told(p.entry, KindIgnored)
			return nil
		}
		return p.credentials(v, src, sample, true)
	}
	p.told(p.entry, KindLines)
	return p.lineFile(src, Auto)
}

func kindOf(f Format) Kind {
	switch f {
	case CSV:
		return KindCSV
	case JSON:
		return KindJSON
	case Log:
		return KindCredentials
	}
	return KindLines
}

// as parses a file in a format that the caller names.
func (p *parser) as(src *textSource, sample []byte, f Format) error {
	switch f {
	case CSV:
		d := sniffCSV(sample)
		if d == nil {
			return p.reject(1, leaks.RejectNotARecord, "no header of columns", excerpt(firstLine(sample)))
		}
		return p.table(src, d)
	case JSON:
		return p.document(src)
	case Log:
		return p.credentials(p.logs.of(p.entry), src, sample, false)
	}
	return p.lineFile(src, f)
}

// credentials parses a credentials file of v's log: labelled, or one a line.
func (p *parser) credentials(v *victim, src *textSource, sample []byte, plain bool) error {
	p.told(p.entry, KindCredentials)
	if err := p.enter(v); err != nil {
		return innerError{err}
	}
	v.current = p.files
	if v.seen == nil {
		// A credential takes about a hundred bytes.
		v.seen = make(map[uint64]seenAt, min(max(src.size, 0)/100, 1<<12))
	}
	if !plain && v.hint == "" {
		v.hint = bannerFamily(sample)
	}
	r := labelledReader{src: src, plain: plain, reject: p.reject}
	if plain {
		_, r.lines.dialect, _ = detect(sample, Auto)
	}
	before := v.bytes
	r.emit = func(c credential) error {
		if v.again(&c) {
			return nil
		}
		if p.direct(v) {
			m := v.facts()
			return p.credential(v, &m, &c, p.place)
		}
		if v.held == nil {
			v.held, p.spare = p.spare, nil
		}
		v.held = append(v.held, heldCredential{c, p.place})
		v.bytes = before + src.held
		if len(v.held)%1024 == 0 {
			if err := p.bound(v); err != nil {
				return innerError{err}
			}
		}
		return nil
	}
	err := r.read()
	if len(v.held) == 0 {
		v.bytes = 0
	}
	return err
}

// bannerFamily returns the family that the banner of a credentials file names.
func bannerFamily(sample []byte) string {
	var vote familyVote
	for n := 0; len(sample) > 0 && n < 40; n++ {
		var line []byte
		line, sample = cutLine(sample)
		s := string(cleanLine(line))
		if _, _, ok := cutKey(s); !ok {
			vote.line(s)
		}
	}
	return vote.decide()
}

// systemFile parses what is called, or by its content guessed to be, a system
// file.
func (p *parser) systemFile(v *victim, src *textSource, guessed bool) error {
	f, err := readSystemFile(src)
	if f.facts < 2 && !guessed {
		p.told(p.entry, KindIgnored)
		return err
	}
	p.told(p.entry, KindSystem)
	if errEnter := p.enter(v); errEnter != nil {
		return innerError{errEnter}
	}
	if v.early && !v.known {
		d := &Damage{Path: p.place, Archive: p.entry.Archive, Trouble: TroubleLimit,
			Detail: "came after more credentials than may wait for it: those were given without its facts"}
		if err := p.give(Item{}, d); err != nil {
			return innerError{err}
		}
	}
	// DCRat: Information [US, City].txt
	if _, rest, ok := strings.Cut(path.Base(p.place), "nformation ["); ok && len(rest) > 2 && rest[2] == ',' {
		first(&f.Country, countryCode(rest[:2]))
	}
	v.take(f, p.place, p.entry.ModTime)
	for _, w := range p.logs.below(v) {
		v.current = p.files
		for i := range w.held {
			if !v.again(&w.held[i].credential) {
				v.held = append(v.held, w.held[i])
			}
		}
		v.bytes += w.bytes
		w.held, w.bytes, w.given = nil, 0, true
	}
	return err
}

func (p *parser) cookies(src *textSource) error {
	n, err := countCookies(src)
	if n > 0 {
		if err := p.give(Item{Cookies: n, File: p.place, Archive: p.entry.Archive}, nil); err != nil {
			return innerError{err}
		}
	}
	return err
}

func (p *parser) cardFile(src *textSource) error {
	v := p.logs.of(p.entry)
	if err := p.enter(v); err != nil {
		return innerError{err}
	}
	r := cardReader{src: src, reject: p.reject}
	r.emit = func(line int64, c Card, number string) error {
		if v.numbers[number] {
			return nil
		}
		if v.numbers == nil {
			v.numbers = make(map[string]bool)
		}
		v.numbers[strings.Clone(number)] = true
		v.cards = append(v.cards, heldCard{c, heldPlace{p.place, line}})
		if len(v.cards)%1024 == 0 {
			if err := p.bound(v); err != nil {
				return innerError{err}
			}
		}
		return nil
	}
	return r.read()
}

// lineFile parses a file of one record a line, in parallel.
func (p *parser) lineFile(src *textSource, f Format) error {
	opts := Options{Format: f, File: p.place, Source: p.opts.Source, Workers: p.opts.Workers, MaxLine: p.opts.MaxLine, page: src.page}
	for rec, err := range Read(p.ctx, src.rest(), opts) {
		var reject *leaks.Reject
		switch {
		case err == nil:
			p.record = rec
			err = p.give(Item{Record: &p.record, File: p.place, Line: rec.Place.Line, Archive: p.entry.Archive}, nil)
		case errors.As(err, &reject):
			err = p.give(Item{File: p.place, Line: reject.Place.Line, Archive: p.entry.Archive}, reject)
		default:
			return err
		}
		if err != nil {
			return innerError{err}
		}
	}
	return nil
}

// table parses a file of columns.
func (p *parser) table(src *textSource, d *csvDialect) error {
	r := csvReader{src: src, dialect: d, reject: p.reject, emit: p.whole}
	return r.read()
}

// document parses a JSON document.
func (p *parser) document(src *textSource) error {
	r := newDocumentReader(src.rest())
	r.reject, r.emit = p.reject, p.whole
	r.found = func(line int64, rec *leaks.Record) error {
		m := Machine{Country: rec.Country, IP: rec.IPAddress, ComputerName: rec.ComputerName, User: rec.MachineUser,
			MachineID: rec.MachineID, HardwareID: rec.HardwareID, Stealer: rec.StealerName, LogDate: rec.LogDate}
		if !m.isMachine() {
			return nil
		}
		if err := p.give(Item{Machine: &m, File: p.place, Line: line, Archive: p.entry.Archive}, nil); err != nil {
			return innerError{err}
		}
		return nil
	}
	return r.read()
}

// whole gives a record that brings its machine's facts itself.
func (p *parser) whole(line int64, rec *leaks.Record) error {
	if rec.Source == "" {
		rec.Source = p.opts.Source
	}
	rec.Place = leaks.Place{File: p.place, Line: line}
	if err := p.give(Item{Record: rec, File: p.place, Line: line, Archive: p.entry.Archive}, nil); err != nil {
		return innerError{err}
	}
	return nil
}

// credential gives one credential of v's log.
func (p *parser) credential(v *victim, m *Machine, c *credential, file string) error {
	rec := &p.record
	*rec = leaks.Record{
		Type: leaks.Stealer, Username: c.user, Password: c.pass, Host: c.host, Software: c.software,
		Source: p.opts.Source, Place: leaks.Place{File: file, Line: c.line},
	}
	m.join(rec)
	if !c.labelled && !m.isMachine() && m.Stealer == "" {
		rec.Type = leaks.TypeUnknown
	}
	v.given = true
	if err := p.give(Item{Record: rec, File: file, Line: c.line, Archive: v.archive}, nil); err != nil {
		return innerError{err}
	}
	return nil
}
