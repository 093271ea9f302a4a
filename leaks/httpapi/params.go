package httpapi

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A param declares one parameter of a route: where it stands, what it may be,
// and where its value goes. The table of a route's params is all there is about
// them: requests are parsed by it and the OpenAPI document is made of it, so
// that the two cannot disagree.
type param struct {
	name string
	in   place
	doc  string
	kind kind

	must   bool     // it has to be there
	repeat bool     // it may be there many times
	def    string   // what its absence means; empty where that is nothing
	choice []string // the only values
	form   *form    // the only spelling
	// min and max bound an integer, or the bytes of a text; max 0 is none.
	min, max int

	set func(values []string) // called with valid values only

	body any // what the JSON of a body is decoded into
}

// place is where a parameter stands, as OpenAPI and the leaks API's errors
// spell it.
type place string

const (
	inQuery place = "query"
	inPath  place = "path"
	inBody  place = "body"
)

type kind uint8

const (
	kindText kind = iota
	kindInteger
	kindDay
)

// A form is how a text must be spelled.
type form struct {
	pattern *regexp.Regexp // as OpenAPI wants it: no flags, anchored
	words   string         // "must be ..."
}

// hashForm is that of a credential's hash.
var hashForm = &form{regexp.MustCompile(`^[0-9A-Fa-f]{32}$`), "must be 32 hex digits"}

// text is a parameter of at most maxBytes bytes; 0 leaves the bound to the
// query's.
func text(name string, dst *string, maxBytes int, doc string) *param {
	return &param{name: name, in: inQuery, doc: doc, max: maxBytes, set: func(v []string) { *dst = v[0] }}
}

// texts is one that may be repeated.
func texts(name string, dst *[]string, doc string) *param {
	return &param{name: name, in: inQuery, doc: doc, repeat: true, set: func(v []string) { *dst = v }}
}

// integer is a decimal number from lo to hi, both included.
func integer(name string, dst *int, lo, hi int, doc string) *param {
	return &param{name: name, in: inQuery, doc: doc, kind: kindInteger, min: lo, max: hi, set: func(v []string) {
		*dst, _ = strconv.Atoi(v[0]) // checked before
	}}
}

// day is a calendar day.
func day[T ~string](name string, dst *T, doc string) *param {
	return &param{name: name, in: inQuery, doc: doc, kind: kindDay, set: func(v []string) { *dst = T(v[0]) }}
}

// days is one that may be repeated.
func days[T ~string](name string, dst *[]T, doc string) *param {
	return &param{name: name, in: inQuery, doc: doc, kind: kindDay, repeat: true, set: func(v []string) {
		for _, s := range v {
			*dst = append(*dst, T(s))
		}
	}}
}

// oneOf is a text with few values.
func oneOf[T ~string](name string, dst *T, doc string, values ...T) *param {
	p := &param{name: name, in: inQuery, doc: doc, set: func(v []string) { *dst = T(v[0]) }}
	for _, v := range values {
		p.choice = append(p.choice, string(v))
	}
	return p
}

// segment is the part of the path that the pattern calls {name}.
func segment(name string, dst *string, doc string) *param {
	return &param{name: name, in: inPath, doc: doc, must: true, set: func(v []string) { *dst = v[0] }}
}

// body is the request's JSON. A route has one at most.
func body(dst any, doc string) *param {
	return &param{name: string(inBody), in: inBody, doc: doc, must: true, body: dst}
}

// required makes a parameter one that must be there.
func (p *param) required() *param {
	p.must = true
	return p
}

// filled makes a text one that must not be empty.
func (p *param) filled() *param {
	p.min = 1
	return p
}

// or gives a parameter the value that its absence stands for.
func (p *param) or(def string) *param {
	p.def = def
	return p
}

// like bounds the spelling of a text.
func (p *param) like(f *form) *param {
	p.form = f
	return p
}

// A problem is what is wrong with one parameter. It never repeats the value.
type problem struct {
	Loc  []string `json:"loc"`
	Msg  string   `json:"msg"`
	Type string   `json:"type"`
}

func (p *param) problem(typ, msg string) problem {
	return problem{Loc: []string{string(p.in), p.name}, Msg: msg, Type: typ}
}

// parse reads the parameters of a request but its body into where the table
// says, and returns what is wrong with them: everything, not the first. A
// parameter that no line of the table knows is wrong, too: a misspelt filter
// that is passed over answers another question than was asked.
func parse(table []*param, r *http.Request) []problem {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return []problem{{[]string{string(inQuery)}, "The query string is malformed", "query_parsing"}}
	}
	var bad []problem
	for _, p := range table {
		var values []string
		switch p.in {
		case inQuery:
			values = query[p.name]
			delete(query, p.name)
		case inPath:
			values = []string{r.PathValue(p.name)}
		default:
			continue
		}
		if len(values) == 0 && p.def != "" {
			values = []string{p.def}
		}
		switch {
		case len(values) == 0 && p.must:
			bad = append(bad, p.problem("missing", "Field required"))
			continue
		case len(values) == 0:
			continue
		case len(values) > 1 && !p.repeat:
			bad = append(bad, p.problem("too_many_values", "must be given once"))
			continue
		}
		valid := true
		for _, v := range values {
			if typ, msg := p.check(v); typ != "" {
				bad, valid = append(bad, p.problem(typ, msg)), false
				break
			}
		}
		if valid {
			p.set(values)
		}
	}
	for _, name := range unknown(query) {
		bad = append(bad, problem{[]string{string(inQuery), name}, "There is no such parameter", "extra_forbidden"})
	}
	return bad
}

// maxUnknown is how many unknown parameters an answer names, and
// maxUnknownName how many bytes of each: it does not grow with what it refuses.
const (
	maxUnknown     = 10
	maxUnknownName = 64
)

// unknown returns the names left over, sorted and made fit to be shown.
func unknown(left url.Values) []string {
	var names []string
	for name := range left {
		names = append(names, name)
	}
	slices.Sort(names)
	names = names[:min(len(names), maxUnknown)]
	for i, name := range names {
		names[i] = strings.ToValidUTF8(name[:min(len(name), maxUnknownName)], "\uFFFD")
	}
	return names
}

// check says what is wrong with a value: a type and a message, both empty when
// nothing is.
func (p *param) check(v string) (typ, msg string) {
	switch {
	case !utf8.ValidString(v):
		return "string_unicode", "must be valid UTF-8"
	case p.choice != nil:
		if !slices.Contains(p.choice, v) {
			return "enum", "must be " + listed(p.choice)
		}
	case p.kind == kindInteger:
		return p.checkInteger(v)
	case p.kind == kindDay:
		if _, err := time.Parse(time.DateOnly, v); err != nil {
			return "date_parsing", "must be a day written YYYY-MM-DD"
		}
	case len(v) < p.min:
		return "string_too_short", "must have at least " + strconv.Itoa(p.min) + " bytes"
	case p.max > 0 && len(v) > p.max:
		return "string_too_long", "must have at most " + strconv.Itoa(p.max) + " bytes"
	case p.form != nil && !p.form.pattern.MatchString(v):
		return "string_pattern_mismatch", p.form.words
	}
	return "", ""
}

func (p *param) checkInteger(v string) (typ, msg string) {
	// Digits alone: Atoi takes a plus sign, which clients write by mistake.
	digits := strings.TrimPrefix(v, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "int_parsing", "must be an integer"
	}
	n, err := strconv.Atoi(v) // what is too large for an int is at its bounds
	switch {
	case n < p.min:
		return "greater_than_equal", "must be at least " + strconv.Itoa(p.min)
	case n > p.max || err != nil:
		return "less_than_equal", "must be at most " + strconv.Itoa(p.max)
	}
	return "", ""
}

// listed writes "a, b or c".
func listed(v []string) string {
	n := len(v) - 1
	if n == 0 {
		return v[0]
	}
	return strings.Join(v[:n], ", ") + " or " + v[n]
}

// allowsEmpty reports whether name= is a value.
func (p *param) allowsEmpty() bool {
	typ, _ := p.check("")
	return typ == ""
}
