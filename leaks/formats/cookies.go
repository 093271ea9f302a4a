package formats

import (
	"bytes"
	"io"
)

// countCookies counts the cookies of a file: rows of Netscape's seven columns,
// or the "domain" members of the JSON that browsers' extensions export.
func countCookies(src *textSource) (int64, error) {
	var n int64
	for {
		line, _, err := src.next()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		switch {
		case len(line) == 0 || line[0] == '#' && !bytes.HasPrefix(line, []byte("#HttpOnly_")):
		case bytes.Count(line, []byte{'\t'}) >= 5:
			n++
		default:
			n += int64(bytes.Count(line, []byte(`"domain"`)))
		}
	}
}
