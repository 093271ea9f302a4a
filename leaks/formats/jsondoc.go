package formats

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/leakscope/leakscope/leaks"
)

// A documentReader reads JSON that is one document: what lexfo/stealer-parser
// writes, {"filename", "systems_data": [{"system": {…}, "credentials": [{…}]}]},
// and lists of objects with the contract's names or their aliases. Any object
// with a login or a password is a record; the facts of the "system" object
// beside its list are its machine's.
//
// Objects are read one by one, however long the document is.
type documentReader struct {
	dec   *json.Decoder
	lines *lineCounter
	depth int
	// machine holds the facts in force, the innermost object's last.
	machine []documentMachine

	emit    func(line int64, rec *leaks.Record) error
	found   func(line int64, m *leaks.Record) error // a system without credentials
	reject  func(line int64, reason leaks.RejectReason, detail, excerpt string) error
	records int64
}

// A documentMachine is the system object of one level.
type documentMachine struct {
	rec  leaks.Record
	set  bool
	line int64
	used bool
}

// maxDocumentDepth bounds nesting. Ours is four.
const maxDocumentDepth = 64

// errDocument ends a document that is no JSON.
var errDocument = errors.New("no JSON")

func newDocumentReader(r io.Reader) *documentReader {
	lines := &lineCounter{r: r}
	d := &documentReader{dec: json.NewDecoder(lines), lines: lines}
	lines.used = d.dec.InputOffset
	return d
}

// read reads the documents of the file, of which there may be several.
func (r *documentReader) read() error {
	for {
		err := r.value()
		var syntax *json.SyntaxError
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, errDocument), errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF):
			return r.reject(r.line(), leaks.RejectBadJSON, "", r.ahead())
		case err != nil:
			return err
		}
	}
}

// ahead returns the excerpt of what stands behind the last token.
func (r *documentReader) ahead() string {
	head := make([]byte, 256)
	n, _ := io.ReadFull(r.dec.Buffered(), head) // it is in memory
	return excerpt(head[:n])
}

func (r *documentReader) line() int64 { return r.lines.at(r.dec.InputOffset()) }

// value reads one value.
func (r *documentReader) value() error {
	tok, err := r.dec.Token()
	if err != nil {
		return err
	}
	switch tok {
	case json.Delim('{'):
		return r.object()
	case json.Delim('['):
		return r.list()
	}
	return nil
}

func (r *documentReader) list() error {
	if r.depth++; r.depth > maxDocumentDepth {
		return errDocument
	}
	for r.dec.More() {
		if err := r.value(); err != nil {
			return noEOF(err)
		}
	}
	r.depth--
	_, err := r.dec.Token()
	return noEOF(err)
}

// object reads the members of an object. Lists and objects in it are read as
// they come; its own strings make a record at its end.
func (r *documentReader) object() error {
	if r.depth++; r.depth > maxDocumentDepth {
		return errDocument
	}
	at := r.line()
	var fields documentFields
	level := len(r.machine)
	r.machine = append(r.machine, documentMachine{})
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return noEOF(err)
		}
		name, _ := key.(string)
		tok, err := r.dec.Token()
		if err != nil {
			return noEOF(err)
		}
		switch v := tok.(type) {
		case json.Delim:
			switch {
			case v == '{' && isSystemName(name):
				err = r.system(level)
			case v == '{':
				err = r.object()
			default:
				err = r.list()
			}
			if err != nil {
				return noEOF(err)
			}
		case string:
			fields.set(name, v)
		}
	}
	r.depth--
	if _, err := r.dec.Token(); err != nil {
		return noEOF(err)
	}
	m := r.machine[level]
	r.machine = r.machine[:level]
	if m.set && !m.used && r.found != nil {
		if err := r.found(m.line, &m.rec); err != nil {
			return err
		}
	}
	return r.give(at, &fields)
}

func isSystemName(s string) bool { return s == "system" || s == "machine" }

// system reads the object of a machine's facts into level.
func (r *documentReader) system(level int) error {
	m := &r.machine[level]
	m.line = r.line()
	var fields documentFields
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return noEOF(err)
		}
		name, _ := key.(string)
		var value any
		if err := r.dec.Decode(&value); err != nil {
			return noEOF(err)
		}
		if s, ok := value.(string); ok {
			fields.set(name, s)
		}
	}
	if _, err := r.dec.Token(); err != nil {
		return noEOF(err)
	}
	fields.rec.Username, fields.rec.Password, fields.rec.Host = "", "", ""
	m.rec, m.set = fields.record(), true
	return nil
}

// give yields the record of one object, its machine's facts added.
func (r *documentReader) give(at int64, fields *documentFields) error {
	if !fields.login {
		return nil // an envelope
	}
	rec := fields.record()
	if rec.Username == "" && rec.Password == "" {
		return r.reject(at, leaks.RejectURLOnly, "", "")
	}
	for i := len(r.machine) - 1; i >= 0; i-- {
		if m := &r.machine[i]; m.set {
			m.used = true
			joinRecord(&rec, &m.rec)
		}
	}
	r.records++
	return r.emit(at, &rec)
}

// joinRecord adds the facts of m that rec lacks.
func joinRecord(rec, m *leaks.Record) {
	first(&rec.StealerName, m.StealerName)
	first(&rec.Country, m.Country)
	first(&rec.IPAddress, m.IPAddress)
	first(&rec.ComputerName, m.ComputerName)
	first(&rec.MachineUser, m.MachineUser)
	first(&rec.MachineID, m.MachineID)
	first(&rec.HardwareID, m.HardwareID)
	if rec.LogDate.IsZero() {
		rec.LogDate = m.LogDate
	}
}

// documentFields collects the strings of an object.
type documentFields struct {
	rec   leaks.Record
	dates [3]string
	kind  string
	login bool // it has a login or a password, if an empty one
}

// memberFields are the names of members, folded: those of columns.
var memberFields = func() map[string]field {
	table := make(map[string]field)
	for f, names := range columnNames {
		for name := range strings.FieldsSeq(names) {
			table[name] = f
		}
	}
	return table
}()

func (d *documentFields) set(name, value string) {
	f, ok := memberFields[string(foldKey(name, nil))]
	if !ok {
		return
	}
	if f == fieldUsername || f == fieldPassword {
		d.login = true
	}
	o := object{rec: &d.rec}
	if to := o.at(f); f < fieldType {
		if *to == "" || fieldNames[f] == name {
			*to = value
		}
		return
	}
	switch f {
	case fieldUploadStealed:
		first(&d.dates[0], value)
	case fieldUploadDate:
		first(&d.dates[1], value)
	case fieldLogDate:
		first(&d.dates[2], value)
	case fieldType:
		first(&d.kind, value)
	}
}

// record returns what the fields make. Facts that are none are left out, as
// other programs wrote them.
func (d *documentFields) record() leaks.Record {
	rec := d.rec
	rec.Host = cleanHost(trimString(rec.Host))
	rec.Username, rec.Password = clearPlaceholder(trimString(rec.Username)), clearPlaceholder(rec.Password)
	rec.Country, rec.IPAddress = readCountry(rec.Country), readIP(rec.IPAddress)
	rec.Type, _ = leaks.ParseType(d.kind)
	for i, to := range []*time.Time{&rec.UploadStealed, &rec.UploadDate, &rec.LogDate} {
		if t, ok := parseTime(d.dates[i]); ok {
			*to = t
		} else if got := readLogDate(d.dates[i], orderUnknown); len(got) == 1 {
			*to = got[0]
		}
	}
	return rec
}

// noEOF turns the end of input inside a value into what it is there.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A lineCounter counts lines in what is read through it, so that an offset can
// be told as a line.
type lineCounter struct {
	r    io.Reader
	read int64   // bytes handed out
	ends []int64 // offsets of line ends not passed yet
	line int64   // line ends passed
	used func() int64
}

// maxToken bounds how far the decoder reads ahead: it holds a string, and the
// object of a machine's facts, whole.
const maxToken = 8 << 20

func (c *lineCounter) Read(p []byte) (int, error) {
	if c.read-c.used() > maxToken {
		return 0, errDocument
	}
	n, err := c.r.Read(p)
	for i, b := range p[:max(n, 0)] {
		if b == '\n' {
			c.ends = append(c.ends, c.read+int64(i))
		}
	}
	c.read += int64(max(n, 0))
	return n, err
}

// at returns the line, from 1, of an offset that is not before earlier ones.
func (c *lineCounter) at(offset int64) int64 {
	n := 0
	for n < len(c.ends) && c.ends[n] < offset {
		n++
	}
	c.line += int64(n)
	c.ends = append(c.ends[:0], c.ends[n:]...)
	return c.line + 1
}
