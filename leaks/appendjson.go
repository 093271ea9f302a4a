package leaks

import (
	"strconv"
	"unicode/utf8"
)

// The answers that are asked for most write their JSON themselves, byte for
// byte what encoding/json makes of them, which for a page of 50 rows takes
// longer than finding them. Tests hold the two together.

// AppendJSON appends the JSON of the page.
func (p *DetailsPage) AppendJSON(dst []byte) []byte {
	dst = appendList(append(dst, `{"data":`...), p.Data, func(dst []byte, c *Credential) []byte { return c.AppendJSON(dst) })
	return appendPaging(dst, p.Total, p.Page, p.PageSize, p.TotalPages)
}

// appendPaging appends what stands behind the rows of a page.
func appendPaging(dst []byte, total, page, size, pages int) []byte {
	dst = strconv.AppendInt(append(dst, `,"total":`...), int64(total), 10)
	dst = strconv.AppendInt(append(dst, `,"page":`...), int64(page), 10)
	dst = strconv.AppendInt(append(dst, `,"page_size":`...), int64(size), 10)
	dst = strconv.AppendInt(append(dst, `,"total_pages":`...), int64(pages), 10)
	return append(dst, '}')
}

// AppendJSON appends the JSON of the credential.
func (c *Credential) AppendJSON(dst []byte) []byte {
	return append(c.appendFields(append(dst, '{')), '}')
}

// appendFields appends the fields without the braces around them.
func (c *Credential) appendFields(dst []byte) []byte {
	dst = appendString(append(dst, `"username":`...), c.Username)
	dst = appendString(append(dst, `,"password":`...), c.Password)
	dst = appendList(append(dst, `,"types":`...), c.Types, func(dst []byte, s *string) []byte { return appendString(dst, *s) })
	dst = appendString(append(dst, `,"type":`...), c.Type)
	dst = appendTime(append(dst, `,"first_seen":`...), c.FirstSeen)
	dst = appendTime(append(dst, `,"last_seen":`...), c.LastSeen)
	dst = strconv.AppendInt(append(dst, `,"source_count":`...), int64(c.SourceCount), 10)
	dst = appendString(append(dst, `,"host":`...), c.Host)
	dst = appendString(append(dst, `,"domain":`...), c.Domain)
	dst = appendString(append(dst, `,"local_part":`...), c.LocalPart)
	dst = appendString(append(dst, `,"protocol":`...), c.Protocol)
	dst = appendString(append(dst, `,"email_domain":`...), c.EmailDomain)
	dst = appendString(append(dst, `,"root_domain":`...), c.RootDomain)
	dst = appendTime(append(dst, `,"upload_date":`...), c.UploadDate)
	dst = appendTime(append(dst, `,"log_date":`...), c.LogDate)
	dst = appendString(append(dst, `,"machine_id":`...), c.MachineID)
	dst = appendString(append(dst, `,"computer_name":`...), c.ComputerName)
	dst = appendString(append(dst, `,"hardware_id":`...), c.HardwareID)
	dst = appendString(append(dst, `,"machine_user":`...), c.MachineUser)
	dst = appendString(append(dst, `,"ip_address":`...), c.IPAddress)
	dst = appendString(append(dst, `,"country":`...), c.Country)
	dst = appendString(append(dst, `,"software":`...), c.Software)
	dst = appendString(append(dst, `,"stealer_name":`...), c.StealerName)
	return appendString(append(dst, `,"hash":`...), c.Hash)
}

// AppendJSON appends the JSON of the page.
func (p *KeywordPage) AppendJSON(dst []byte) []byte {
	dst = appendList(append(dst, `{"data":`...), p.Data, func(dst []byte, c *KeywordCredential) []byte { return c.AppendJSON(dst) })
	return appendPaging(dst, p.Total, p.Page, p.PageSize, p.TotalPages)
}

// AppendJSON appends the JSON of the row.
func (c *KeywordCredential) AppendJSON(dst []byte) []byte {
	dst = c.appendFields(append(dst, '{'))
	dst = appendString(append(dst, `,"matched_keyword":`...), c.MatchedKeyword)
	return append(dst, '}')
}

// AppendJSON appends the JSON of the occurrences.
func (o *Occurrences) AppendJSON(dst []byte) []byte {
	dst = appendList(append(dst, `{"data":`...), o.Data, func(dst []byte, v *Occurrence) []byte { return v.AppendJSON(dst) })
	return append(dst, '}')
}

// AppendJSON appends the JSON of the occurrence.
func (o *Occurrence) AppendJSON(dst []byte) []byte {
	dst = appendString(append(dst, `{"type":`...), o.Type)
	dst = appendString(append(dst, `,"username":`...), o.Username)
	dst = appendString(append(dst, `,"password":`...), o.Password)
	dst = appendString(append(dst, `,"host":`...), o.Host)
	dst = appendString(append(dst, `,"domain":`...), o.Domain)
	dst = appendTime(append(dst, `,"upload_stealed":`...), o.UploadStealed)
	dst = appendTime(append(dst, `,"upload_date":`...), o.UploadDate)
	dst = appendTime(append(dst, `,"log_date":`...), o.LogDate)
	dst = appendString(append(dst, `,"source":`...), o.Source)
	dst = appendString(append(dst, `,"stealer_name":`...), o.StealerName)
	dst = appendString(append(dst, `,"country":`...), o.Country)
	dst = appendString(append(dst, `,"ip_address":`...), o.IPAddress)
	dst = appendString(append(dst, `,"computer_name":`...), o.ComputerName)
	dst = appendString(append(dst, `,"machine_user":`...), o.MachineUser)
	dst = appendString(append(dst, `,"machine_id":`...), o.MachineID)
	dst = appendString(append(dst, `,"hardware_id":`...), o.HardwareID)
	dst = appendString(append(dst, `,"software":`...), o.Software)
	return append(dst, '}')
}

// appendList appends an array; null for a nil slice.
func appendList[T any](dst []byte, list []T, one func([]byte, *T) []byte) []byte {
	if list == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '[')
	for i := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, &list[i])
	}
	return append(dst, ']')
}

// appendTime appends the contract's spelling, quoted. Time.Format reads its
// layout anew each time, which costs more than all the rest of a row.
func appendTime(dst []byte, t Time) []byte {
	if t.IsZero() {
		return append(dst, '"', '"')
	}
	u := t.UTC()
	year, month, day := u.Date()
	if year < 0 || year > 9999 {
		return appendString(dst, t.String())
	}
	hour, minute, second := u.Clock()
	dst = append(dst, '"', byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-')
	dst = append(appendTwo(dst, int(month)), '-')
	dst = append(appendTwo(dst, day), 'T')
	dst = append(appendTwo(dst, hour), ':')
	dst = append(appendTwo(dst, minute), ':')
	return append(appendTwo(dst, second), '"')
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

const hexDigits = "0123456789abcdef"

// plainJSON tells the ASCII that stands for itself in a string that
// encoding/json writes; it escapes what HTML would take for its own, too.
var plainJSON = func() (plain [utf8.RuneSelf]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return plain
}()

// appendString appends s quoted.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0 // what precedes has been appended
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if plainJSON[c] {
				i++
				continue
			}
			dst = append(dst, s[from:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\b':
				dst = append(dst, '\\', 'b')
			case '\f':
				dst = append(dst, '\\', 'f')
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(append(dst, s[from:i]...), `\ufffd`...)
			from = i + n
		case r == '\u2028' || r == '\u2029':
			dst = append(append(dst, s[from:i]...), `\u202`...)
			dst = append(dst, hexDigits[r&15])
			from = i + n
		}
		i += n
	}
	return append(append(dst, s[from:]...), '"')
}
