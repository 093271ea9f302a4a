package formats

// excerptBytes is the longest excerpt, in bytes, which are characters of it.
const excerptBytes = 80

// excerptRead is how much of a line an excerpt tells of.
const excerptRead = 16 << 10

// excerpt returns the shape of a line that is refused: every run of what may be
// part of a secret (letters, digits, and all signs but those that structure
// lines) is one x, a sign that repeats stands once, as do words parted by
// blanks. It tells which separators a line has and in which order, of what
// stands between them neither character nor length.
func excerpt[T []byte | string](line T) string {
	var room [excerptBytes]byte
	out := room[:0]
	for i := 0; i < min(len(line), excerptRead); i++ {
		c := line[i]
		switch c {
		case ':', '/', '@', '.', ';', ',', '|', '"', '{', '}', '=', '\t', ' ':
		case '\r', '\n':
			c = ' ' // inside a cell of several lines
		default:
			c = 'x'
		}
		n := len(out)
		switch {
		case n > 0 && out[n-1] == c:
			continue
		case n > 1 && c == 'x' && out[n-1] == ' ' && out[n-2] == 'x':
			out = out[:n-1] // words are one x
			continue
		case n == len(room):
			return string(out)
		}
		out = append(out, c)
	}
	return string(out)
}
