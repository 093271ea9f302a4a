package intake

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"

	"github.com/leakscope/leakscope/leaks"
)

// A RejectFile appends refused records to a file, one JSON line each. It holds
// reasons, places and the shapes of lines, nothing of the records themselves.
type RejectFile struct {
	file *os.File // nil: nothing is written
	buf  *bufio.Writer
	enc  *json.Encoder
	err  error
}

// A RejectLine tells of one refused record: why, where, and in what shape.
type RejectLine struct {
	Reason leaks.RejectReason `json:"reason"`
	File   string             `json:"file"`
	Line   int64              `json:"line"`
	Detail string             `json:"detail"`
	// Excerpt is empty where the record was read well, but does not hold.
	Excerpt string `json:"excerpt"`
}

// LineOf is what may be told of a reject.
func LineOf(r *leaks.Reject) RejectLine {
	return RejectLine{r.Reason, r.Place.File, r.Place.Line, r.Detail, r.Excerpt}
}

// OpenRejects opens or makes the file; with an empty path all goes nowhere.
// It appends, so that an interrupted and resumed ingest loses none.
func OpenRejects(path string) (*RejectFile, error) {
	if path == "" {
		return &RejectFile{}, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	buf := bufio.NewWriter(f)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	return &RejectFile{file: f, buf: buf, enc: enc}, nil
}

// Write takes one reject; it fits leaks.IngestOptions.Reject.
func (r *RejectFile) Write(rej *leaks.Reject) {
	if r.file == nil || r.err != nil {
		return
	}
	r.err = r.enc.Encode(LineOf(rej))
}

// Close flushes and closes, and returns the first error since OpenRejects.
func (r *RejectFile) Close() error {
	if r.file == nil {
		return nil
	}
	return errors.Join(r.err, r.buf.Flush(), r.file.Close())
}
