package formats

import (
	"bytes"
	"io"
	"strings"

	"github.com/leakscope/leakscope/leaks"
)

// A csvDialect says how a file of columns is written, and which column is what.
type csvDialect struct {
	comma   byte
	header  bool
	columns []field // by position; fieldNone for the rest
}

// columnNames are the headers of browsers' and password managers' exports and
// of our own contract, folded. Where a file has several for one field, the one
// that stands first here counts: KeePass's Account is a title, and its Login
// Name the login.
var columnNames = map[field]string{
	fieldUsername: "username loginname loginusername userlogin login user email emailaddress mail usr uname userid account benutzername логин usernamevalue usuario " +
		"usuário utente nomeutente utilisateur identifiant пользователь kullanıcıadı 用户名",
	fieldPassword: "password loginpassword userpassword pass passwd pwd kennwort passwort пароль passwordvalue psw " +
		"senha contraseña contrasena clave motdepasse parola şifre hasło 密码",
	fieldHost:          "host url loginuri originurl website weburl websiteurl uri link site web originurl loginurl hostname href urls ссылка сайт sitio sito 网址",
	fieldDomain:        "domain",
	fieldRoot:          "rootdomain",
	fieldProtocol:      "protocol",
	fieldLocalPart:     "localpart",
	fieldEmailDomain:   "emaildomain",
	fieldSource:        "source channel",
	fieldStealerName:   "stealername stealer stealerfamily malware",
	fieldCountry:       "country countrycode",
	fieldIPAddress:     "ipaddress ip",
	fieldComputerName:  "computername machinename pcname",
	fieldMachineUser:   "machineuser",
	fieldMachineID:     "machineid",
	fieldHardwareID:    "hardwareid hwid",
	fieldSoftware:      "software application browser soft app",
	fieldType:          "type",
	fieldUploadStealed: "uploadstealed",
	fieldUploadDate:    "uploaddate",
	fieldLogDate:       "logdate datecompromised infecteddate",
}

// maxColumns bounds a row.
const maxColumns = 256

// sniffCSV returns how a sample is written in columns, nil when it is not: it
// must begin with a header that names a password, or a login and a place; or
// with quoted rows that agree in their columns, one of them URLs.
func sniffCSV(sample []byte) *csvDialect {
	for len(sample) > 0 {
		line := firstLine(sample)
		if len(line) > 0 {
			break
		}
		_, sample = cutLine(sample)
	}
	line := bytes.TrimSuffix(firstLine(sample), []byte("\r"))
	comma := byte(',')
	if bytes.HasPrefix(line, []byte("sep=")) && len(line) == 5 {
		// Excel's own line.
		d := sniffCSV(sample[bytes.IndexByte(sample, '\n')+1:])
		return d
	}
	best := 0
	for _, c := range []byte{',', ';', '\t', '|'} {
		if n := bytes.Count(line, []byte{c}); n > best {
			comma, best = c, n
		}
	}
	if best == 0 || len(line) > 4096 {
		return nil
	}
	row, ok := splitRow(nil, line, comma)
	if !ok || len(row) < 2 || len(row) > maxColumns {
		return nil
	}
	if d := headerDialect(row, comma); d != nil {
		return d
	}
	return quotedDialect(sample, comma)
}

func headerDialect(row [][]byte, comma byte) *csvDialect {
	d := &csvDialect{comma: comma, header: true, columns: make([]field, len(row))}
	rank := make(map[field]int)
	at := make(map[field]int)
	for i, cell := range row {
		d.columns[i] = fieldNone
		name := string(foldKey(string(cell), nil))
		for f, names := range columnNames {
			for k, alias := range strings.Fields(names) {
				if alias != name {
					continue
				}
				if had, ok := rank[f]; !ok || k < had {
					if ok {
						d.columns[at[f]] = fieldNone
					}
					rank[f], at[f], d.columns[i] = k, i, f
				}
			}
		}
	}
	_, pass := rank[fieldPassword]
	_, user := rank[fieldUsername]
	_, host := rank[fieldHost]
	if pass && (user || host || len(row) > 2) || user && host {
		if _, ok := rank[fieldType]; ok && rank[fieldSource] == 0 && !isContractHeader(rank) {
			d.columns[at[fieldType]] = fieldNone // Bitwarden's type of an item
		}
		return d
	}
	return nil
}

// isContractHeader reports whether the header is one of our own, where the
// meaning of type is known.
func isContractHeader(rank map[field]int) bool {
	_, a := rank[fieldRoot]
	_, b := rank[fieldUploadStealed]
	_, c := rank[fieldStealerName]
	return a || b || c
}

// quotedDialect recognises rows "https://…","login","password" without header.
func quotedDialect(sample []byte, comma byte) *csvDialect {
	place, width, rows := -1, 0, 0
	for ; len(sample) > 0 && rows < 20; rows++ {
		var line []byte
		line, sample = cutLine(sample)
		line = trimBlanks(line)
		if len(line) == 0 {
			continue
		}
		row, ok := splitRow(nil, line, comma)
		if line[0] != '"' || !ok || len(row) < 3 || width != 0 && len(row) != width {
			return nil
		}
		width = len(row)
		for i, cell := range row {
			if place < 0 && schemeLen(string(cell)) > 0 {
				place = i
			}
		}
		if place < 0 || schemeLen(string(row[place])) == 0 {
			return nil
		}
	}
	if place < 0 || place+2 >= width {
		return nil
	}
	d := &csvDialect{comma: comma, columns: make([]field, width)}
	for i := range d.columns {
		d.columns[i] = fieldNone
	}
	d.columns[place], d.columns[place+1], d.columns[place+2] = fieldHost, fieldUsername, fieldPassword
	return d
}

// splitRow takes a row apart after RFC 4180: cells in quotes may hold commas,
// line ends and doubled quotes. A quote inside a bare cell is itself. It
// reports false for a cell whose quote is not closed.
func splitRow(row [][]byte, b []byte, comma byte) ([][]byte, bool) {
	for {
		if len(row) > maxColumns {
			return row, true
		}
		if len(b) == 0 || b[0] != '"' {
			i := bytes.IndexByte(b, comma)
			if i < 0 {
				return append(row, b), true
			}
			row, b = append(row, b[:i]), b[i+1:]
			continue
		}
		cell, rest, closed := quotedCell(b[1:])
		if !closed {
			return row, false
		}
		row = append(row, cell)
		i := bytes.IndexByte(rest, comma)
		if i < 0 {
			return row, true // what stands behind the quote is dropped
		}
		b = rest[i+1:]
	}
}

// quotedCell reads a cell to its closing quote. It copies only where a quote is
// doubled.
func quotedCell(b []byte) (cell, rest []byte, closed bool) {
	i := bytes.IndexByte(b, '"')
	if i < 0 {
		return nil, nil, false
	}
	if i+1 == len(b) || b[i+1] != '"' {
		return b[:i], b[i+1:], true
	}
	var out []byte
	for {
		out = append(out, b[:i]...)
		if i+1 == len(b) || b[i+1] != '"' {
			return out, b[i+1:], true
		}
		out = append(out, '"')
		b = b[i+2:]
		if i = bytes.IndexByte(b, '"'); i < 0 {
			return nil, nil, false
		}
	}
}

// A csvReader reads a file of columns.
type csvReader struct {
	src     *textSource
	dialect *csvDialect
	line    int64 // last read
	row     [][]byte
	back    [][]byte // lines put back

	emit   func(line int64, rec *leaks.Record) error
	reject func(line int64, reason leaks.RejectReason, detail, excerpt string) error
	// cells, if set, gets each row in place of emit, a header as well.
	cells func(line int64, text []byte, row [][]byte) error
}

func (r *csvReader) read() error {
	header := r.dialect.header
	for {
		line, long, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		at := r.line
		if long {
			if err := r.reject(at, leaks.RejectLineTooLong, "", ""); err != nil {
				return err
			}
			continue
		}
		if len(trimBlanks(line)) == 0 || at == 1 && bytes.HasPrefix(line, []byte("sep=")) {
			continue
		}
		first := line
		line, closed, err := r.whole(line)
		if err != nil {
			return err
		}
		switch {
		case !closed:
			err = r.reject(at, leaks.RejectUnterminated, "", excerpt(first))
		case header:
			header = false
		default:
			r.row, _ = splitRow(r.row[:0], line, r.dialect.comma)
			if r.cells != nil {
				err = r.cells(at, line, r.row)
			} else {
				err = r.record(at, line, r.row)
			}
		}
		if err != nil {
			return err
		}
	}
}

// next returns the next line: one put back, or one of the source.
func (r *csvReader) next() (line []byte, long bool, err error) {
	r.line++
	if len(r.back) > 0 {
		line, r.back = r.back[0], r.back[1:]
		return line, false, nil
	}
	return r.src.next()
}

// The bounds of a cell of several lines, a note in a password manager's export.
const (
	maxCellLines = 200
	maxCellBytes = 64 << 10
)

// whole adds to a line those that its quoted cells go on in. If they never
// close, it puts them back: one quote too many must not cost the rows behind.
func (r *csvReader) whole(line []byte) (row []byte, closed bool, err error) {
	quoted := r.openQuote(false, line)
	if !quoted {
		return line, true, nil
	}
	var more [][]byte
	for size := len(line); quoted && len(more) < maxCellLines && size < maxCellBytes; {
		next, long, err := r.next()
		if err == io.EOF || long {
			r.line--
			break
		}
		if err != nil {
			return nil, false, err
		}
		more = append(more, next)
		size += len(next) + 1
		quoted = r.openQuote(true, next)
	}
	if !quoted {
		return bytes.Join(append([][]byte{line}, more...), []byte{'\n'}), true, nil
	}
	r.line -= int64(len(more))
	r.back = append(more, r.back...)
	return nil, false, nil
}

// openQuote reports whether a cell is open behind line, if one is before it or
// not. It goes by the same rules as splitRow.
func (r *csvReader) openQuote(quoted bool, line []byte) bool {
	for i, start := 0, !quoted; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted:
			if c == '"' {
				if i+1 < len(line) && line[i+1] == '"' {
					i++
				} else {
					quoted = false
				}
			}
		case c == '"' && start:
			quoted = true
		}
		start = !quoted && c == r.dialect.comma
	}
	return quoted
}

func (r *csvReader) record(at int64, line []byte, row [][]byte) error {
	var rec leaks.Record
	o := object{rec: &rec}
	for i, cell := range row {
		if i >= len(r.dialect.columns) {
			break
		}
		f := r.dialect.columns[i]
		if f == fieldNone {
			continue
		}
		s := text(cell)
		if f != fieldPassword {
			s = trimString(s)
		}
		*o.at(f) = clearPlaceholder(s)
	}
	rec.Host = cleanHost(rec.Host)
	if reason, detail := o.finish(); reason != "" {
		return r.reject(at, reason, detail, excerpt(line))
	}
	if rec.Username == "" && rec.Password == "" {
		return r.reject(at, leaks.RejectURLOnly, "", excerpt(line))
	}
	return r.emit(at, &rec)
}
