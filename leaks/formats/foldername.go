package formats

import (
	"net/netip"
	"strings"
	"time"
)

// A folderName is what the name of a victim's folder says: as RedLine and its
// kin write it, CC[HWID] [2024-08-10T07_20_02], or CC<hwid>_2024_08_10T07_20_02.
type folderName struct {
	country, hardware, ip string
	date                  time.Time
}

// readFolderName reads a folder's name, or an archive's without its extension.
// It reports whether the name is a victim's: of country, hardware id, address
// and date it has two, or a hardware id.
func readFolderName(s string) (folderName, bool) {
	var f folderName
	if len(s) < 8 {
		return f, false
	}
	rest := s
	if open := strings.HasPrefix(rest, "["); open || isUpperPair(rest) {
		rest = strings.TrimPrefix(rest, "[")
		if isUpperPair(rest) {
			code := rest[:2]
			end := rest[2:]
			// UNKNOWN[...] and words begin with two capitals as well.
			if open && strings.HasPrefix(end, "]") || !open && !isLetter(end[0]) || !open && hexRun(end) == 32 {
				f.country = countryCode(code)
				rest = end
			}
		}
	}
	if id, after, ok := strings.Cut(strings.TrimPrefix(rest, "["), "]"); ok && f.country != "" && rest[0] == '[' && isMachineID(id) {
		f.hardware, rest = id, after
	}
	for i := 0; i < len(rest) && f.hardware == ""; i++ {
		if (i == 0 || !isHex(rest[i-1])) && hexRun(rest[i:]) == 32 {
			f.hardware = rest[i : i+32]
			rest = rest[:i] + " " + rest[i+32:]
		}
	}
	for field := range strings.FieldsFuncSeq(rest, func(r rune) bool { return strings.ContainsRune("[]() _-,", r) }) {
		if addr, err := netip.ParseAddr(field); err == nil && f.ip == "" {
			f.ip = addr.String()
			rest = strings.Replace(rest, field, " ", 1)
		}
	}
	f.date = folderDate(rest)
	facts := 0
	for _, has := range []bool{f.country != "", f.ip != "", !f.date.IsZero()} {
		if has {
			facts++
		}
	}
	return f, f.hardware != "" || facts >= 2
}

// folderDate finds a date that begins with the year. Such names are made by
// machines and never ambiguous, but they can be nonsense: minute 68.
func folderDate(s string) time.Time {
	for i := 0; i+8 <= len(s); i++ {
		if i > 0 && isDigit(s[i-1]) || s[i] != '2' && s[i] != '1' || !isDigit(s[i+1]) || !isDigit(s[i+2]) || !isDigit(s[i+3]) ||
			strings.IndexByte("-_.", s[i+4]) < 0 || !isDigit(s[i+5]) {
			continue
		}
		if got := readLogDate(s[i:], orderUnknown); len(got) == 1 {
			return got[0]
		}
	}
	return time.Time{}
}

// isMachineID reports whether s can be an identifier of other families': letters,
// digits and dashes, at least twelve of them, digits among them, and no date.
func isMachineID(s string) bool {
	if len(s) < 12 || len(s) > 64 || !strings.ContainsAny(s, "0123456789") || !folderDate(s).IsZero() {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '-' {
			return false
		}
	}
	return true
}

func isUpperPair(s string) bool {
	return len(s) > 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// hexRun counts the hexadecimal digits s begins with.
func hexRun(s string) int {
	n := 0
	for n < len(s) && isHex(s[n]) {
		n++
	}
	return n
}
