package formats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/leakscope/leakscope/leaks"
)

// ParseOptions say how an input is parsed. The zero value works.
type ParseOptions struct {
	// Format is how all files of the input are written; empty or Auto asks
	// each file's name and content. The other formats read lines; folders that
	// hold victims' own documents are passed over with any of them.
	Format Format
	// Input is the base name of the input. The name of a folder named after a
	// victim's machine says something of the files at its top.
	Input   string
	Source  string // for records that bring none
	Workers int    // goroutines that parse files of lines; 0 means GOMAXPROCS
	MaxLine int    // longest line in bytes; 0 means DefaultMaxLine
	// MaxHeld is how many bytes of credentials may wait for the facts of their
	// machines, 0 means DefaultMaxHeld. Above it the oldest are given without
	// those; a system file that comes later still is reported as a *Damage.
	MaxHeld int64
	// OnFile, if set, is called for each file with what it was taken for.
	OnFile func(Entry, Kind)
}

// DefaultMaxHeld bounds what waits for its machine's facts, in bytes.
const DefaultMaxHeld = 32 << 20

// binarySample is how much of a file is looked at to tell whether it is text.
const binarySample = 4 << 10

// maxVictims bounds how many logs are remembered at once.
const maxVictims = 4096

// Parse returns what the files of an input hold: credentials with the facts of
// their machines, machines without any, cards, and numbers of cookies. Within a
// file records keep their order. The records of a victim's log come together
// when the log ends, or when too many wait.
//
// An error of the sequence is a *leaks.Reject for a line that is no record, a
// *Damage for what could not be read, and after both it goes on; any other
// error ends it: one of entries, of ctx, or [ErrFormat]. The same entries give
// the same sequence. It can be run once.
func Parse(ctx context.Context, entries iter.Seq2[Entry, error], opts ParseOptions) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		p := &parser{ctx: ctx, opts: opts, yield: yield, logs: victimSet{input: opts.Input}}
		if err := p.run(entries); err != nil && err != errStop {
			yield(Item{}, err)
		}
	}
}

// errStop reports that the consumer wants no more.
var errStop = errors.New("stop")

// A parser is the state of one Parse.
type parser struct {
	ctx   context.Context
	opts  ParseOptions
	yield func(Item, error) bool

	logs    victimSet
	last    *victim // of the entry before
	files   int
	entered int
	spare   []heldCredential // room of a log that is done
	record  leaks.Record

	// Of the file being read.
	entry Entry
	place string // clone of its path
}

func (p *parser) run(entries iter.Seq2[Entry, error]) error {
	format, err := ParseFormat(string(p.opts.Format))
	if err != nil {
		return err
	}
	p.opts.Format = format
	p.opts.MaxLine = cmp.Or(max(p.opts.MaxLine, 0), DefaultMaxLine)
	p.opts.MaxHeld = cmp.Or(max(p.opts.MaxHeld, 0), DefaultMaxHeld)
	for e, err := range entries {
		if err == nil {
			err = p.ctx.Err()
		}
		var damage *Damage
		switch {
		case errors.As(err, &damage):
			err = p.give(Item{}, damage)
		case err == nil:
			err = p.file(e)
		}
		if err != nil {
			return err
		}
	}
	return p.closeAll(len(p.logs.order))
}

// file parses one entry.
func (p *parser) file(e Entry) error {
	p.files++
	kind := nameKind(e.Path)
	if kind == KindGrabbed || kind == KindIgnored {
		p.told(e, kind)
		return nil
	}
	p.entry, p.place = e, strings.Clone(e.Path)
	if p.last != nil && p.last.archive != e.Archive && !strings.HasPrefix(e.Archive, p.last.archive+"!/") {
		if err := p.leaveArchive(e.Archive); err != nil {
			return err
		}
	}
	rc, err := e.Open()
	if err != nil {
		return p.damage(err)
	}
	src := newTextSource(p.ctx, rc, e.Size, p.opts.MaxLine)
	err = p.content(src, kind)
	if closeErr := rc.Close(); err == nil {
		err = closeErr
	}
	var inner innerError
	if errors.As(err, &inner) {
		return inner.error
	}
	if err != nil {
		return p.damage(err)
	}
	return nil
}

// An innerError is one that ends the parse, among those of a file, which do not.
type innerError struct{ error }

func (e innerError) Unwrap() error { return e.error }

// told reports what a file was taken for.
func (p *parser) told(e Entry, kind Kind) {
	if p.opts.OnFile != nil {
		p.opts.OnFile(e, kind)
	}
}

// damage yields what hindered the reading of the file.
func (p *parser) damage(err error) error {
	if ctxErr := p.ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	var d *Damage
	if !errors.As(err, &d) {
		d = &Damage{Path: p.place, Archive: p.entry.Archive, Trouble: TroubleDamaged, Detail: err.Error(), Err: err}
		if p.entry.Archive == "" {
			d.Trouble = TroubleUnreadable
		}
	}
	return p.give(Item{}, d)
}

// give yields. Its error is errStop.
func (p *parser) give(it Item, err error) error {
	if !p.yield(it, err) {
		return errStop
	}
	return nil
}

func (p *parser) reject(line int64, reason leaks.RejectReason, detail string) error {
	r := &leaks.Reject{Reason: reason, Place: leaks.Place{File: p.place, Line: line}, Detail: detail}
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
		return p.reject(0, leaks.RejectBinary, "")
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
	c := sniff(sample)
	v := p.logs.of(p.entry)
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
		if v.name.hardware == "" && !v.known && (src.size < 0 || src.size > 8<<20) {
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
			return p.reject(1, leaks.RejectNotARecord, "no header of columns")
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

// direct reports whether v's credentials need not wait: it has given some
// already, and nothing is to be gained by holding more.
func (p *parser) direct(v *victim) bool { return v.given && len(v.held) == 0 }

// enter makes v the log being read, and gives what waits in the one before if
// its facts are known.
func (p *parser) enter(v *victim) error {
	if p.last == v {
		return nil
	}
	if old := p.last; old != nil && old.known {
		if err := p.flush(old); err != nil {
			return err
		}
	}
	p.last = v
	// To sum up all logs at each file would cost more than it saves.
	if p.entered++; p.entered%16 == 0 {
		return p.bound(v)
	}
	return nil
}

// bound keeps what waits below its limits: the oldest logs go first, then what
// there is of the current one.
func (p *parser) bound(current *victim) error {
	if len(p.logs.order) > maxVictims {
		if err := p.closeAll(len(p.logs.order) - maxVictims); err != nil {
			return err
		}
	}
	var sum int64
	for _, v := range p.logs.order {
		sum += v.size()
	}
	for i := 0; i < len(p.logs.order) && sum > p.opts.MaxHeld; i++ {
		if v := p.logs.order[i]; v != current && len(v.held) > 0 {
			sum -= v.size()
			if err := p.flush(v); err != nil {
				return err
			}
			v.seen = nil
		}
	}
	if sum > p.opts.MaxHeld {
		return p.flush(current)
	}
	return nil
}

// flush gives the credentials and cards of v that wait.
func (p *parser) flush(v *victim) error {
	m := v.facts()
	if len(v.held) > 0 && !v.known {
		v.early = true
	}
	held, cards := v.held, v.cards
	v.held, v.cards, v.bytes = nil, nil, 0
	for i := range held {
		if err := p.credential(v, &m, &held[i].credential, held[i].file); err != nil {
			return unwrapInner(err)
		}
	}
	if cap(held) > 0 {
		clear(held)
		p.spare = held[:0]
	}
	for i := range cards {
		c := cards[i].card
		c.Country, c.LogDate = m.Country, m.LogDate
		it := Item{Card: &c, File: cards[i].place.file, Line: cards[i].place.line, Archive: v.archive}
		if err := p.give(it, nil); err != nil {
			return err
		}
	}
	return nil
}

func unwrapInner(err error) error {
	var inner innerError
	if errors.As(err, &inner) {
		return inner.error
	}
	return err
}

// leaveArchive ends the logs of archives that the input has left for another.
func (p *parser) leaveArchive(now string) error {
	n := 0
	for _, v := range p.logs.order {
		if now == v.archive || v.archive == "" || strings.HasPrefix(now, v.archive+"!/") {
			break
		}
		n++
	}
	p.last = nil
	return p.closeAll(n)
}

// closeAll ends the first n logs: what waits is given, and a machine without
// any credential is.
func (p *parser) closeAll(n int) error {
	for _, v := range p.logs.order[:n] {
		if err := p.flush(v); err != nil {
			return err
		}
		if m := v.facts(); !v.given && (v.known || v.name.hardware != "") && m.isMachine() {
			place := v.system
			if place.file == "" {
				place.file = v.root
			}
			if err := p.give(Item{Machine: &m, File: place.file, Line: place.line, Archive: v.archive}, nil); err != nil {
				return err
			}
		}
		if p.last == v {
			p.last = nil
		}
	}
	p.logs.drop(n)
	return nil
}

// String describes an item without any value of it.
func (it Item) String() string {
	what := "record"
	switch {
	case it.Machine != nil:
		what = "machine"
	case it.Card != nil:
		what = "card"
	case it.Cookies > 0:
		what = fmt.Sprintf("%d cookies", it.Cookies)
	}
	return fmt.Sprintf("%s line %d: %s", Entry{Path: it.File, Archive: it.Archive}.Place(), it.Line, what)
}
