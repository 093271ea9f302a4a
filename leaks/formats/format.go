package formats

import (
	"errors"
	"fmt"
	"strings"
)

// A Format names a way to write records in a file.
type Format string

// The formats of this package.
const (
	// Auto asks the file, see [Detect].
	Auto Format = "auto"
	// JSONL is one JSON object a line.
	JSONL Format = "jsonl"
	// ULP is url:login:password, also with the URL last.
	ULP Format = "ulp"
	// Combo is login:password, the login often an e-mail address.
	Combo Format = "combo"
	// CSV is columns under a header, parted by commas, semicolons, tabs or
	// pipes. [Parse] reads it.
	CSV Format = "csv"
	// JSON is one document: stealer-parser's, or a list of objects. [Parse]
	// reads it.
	JSON Format = "json"
	// Log is the "KEY: value" records of stealers. [Parse] reads it.
	Log Format = "log"
)

// ErrNotText reports a file that holds no text, and so no records: an archive,
// a program, a picture.
var ErrNotText = errors.New("not a text file")

// ErrFormat reports a format that does not exist.
var ErrFormat = errors.New("unknown format")

// ParseFormat returns the format of a name in any case; the empty name means
// Auto. The error matches [ErrFormat].
func ParseFormat(name string) (Format, error) {
	switch f := Format(strings.ToLower(name)); f {
	case Auto, JSONL, ULP, Combo, CSV, JSON, Log:
		return f, nil
	case "":
		return Auto, nil
	}
	return "", fmt.Errorf("%w %q (have auto, jsonl, ulp, combo, csv, json, log)", ErrFormat, name)
}
