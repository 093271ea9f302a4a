package formats

import "strings"

// cutQuoted reads a line of a table without a header: two or three columns
// behind each other, parted by commas or semicolons, at least one of them in
// quotes (RFC 4180). What they are the columns themselves must say: a URL or a
// host first, or an e-mail address.
func (p *lineParser) cutQuoted(s string) (c cut, ok bool) {
	if strings.IndexByte(s, '"') < 0 { // as hardly any line has one
		return c, false
	}
	comma := byte(',')
	var fields [3]string
	n, quoted := 0, false
	for rest := s; ; n++ {
		if n == len(fields) {
			return c, false
		}
		end := 0
		if rest != "" && rest[0] == '"' {
			if end = quotedEnd(rest); end < 0 {
				return c, false
			}
			fields[n] = rest[1:end]
			if strings.IndexByte(fields[n], '"') >= 0 {
				fields[n] = strings.ReplaceAll(fields[n], `""`, `"`)
			}
			end++
			quoted = true
			if n == 0 && end < len(rest) && rest[end] == ';' {
				comma = ';'
			}
		} else {
			if n == 0 && strings.IndexByte(rest, ',') < 0 {
				comma = ';'
			}
			if end = strings.IndexByte(rest, comma); end < 0 {
				end = len(rest)
			}
			if fields[n] = rest[:end]; strings.IndexByte(fields[n], '"') >= 0 {
				return c, false
			}
		}
		if end == len(rest) {
			n++
			break
		}
		if rest[end] != comma {
			return c, false
		}
		rest = rest[end+1:]
	}
	first := trimString(fields[0])
	switch {
	case !quoted || n < 2:
		return c, false
	case n == 3 && (schemeLen(first) > 0 || p.hosts.host(first)):
		return cut{first, trimString(fields[1]), fields[2], shapeURLFirst}, true
	case n == 2 && p.hosts.email(first):
		return cut{"", first, fields[1], shapeCombo}, true
	}
	return c, false
}

// quotedEnd returns where the quote stands that ends the field s begins with.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return i
	}
	return -1
}
