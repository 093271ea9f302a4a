package formats

import "time"

// The seconds a record can hold: from the second day of the epoch, so that
// zero can mean "none" to those who store it, to the last 32 bits can count.
const (
	minSeconds = 86400
	maxSeconds = 1<<32 - 1
)

// parseTime reads the dates the package comment describes. It is written out
// because a record has up to three of them and time.Parse takes a hundred
// nanoseconds each.
func parseTime(s string) (time.Time, bool) {
	if len(s) == len("2006-01-02T15:04:05") {
		if sec, ok := parseSeconds(s); ok {
			return time.Unix(sec, 0).UTC(), true
		}
	}
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return time.Time{}, false
	}
	century, ok1 := twoDigits(s, 0)
	year, ok2 := twoDigits(s, 2)
	month, ok3 := twoDigits(s, 5)
	day, ok4 := twoDigits(s, 8)
	year += century * 100
	if !(ok1 && ok2 && ok3 && ok4) || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return time.Time{}, false
	}
	sec := int64(daysSinceEpoch(year, month, day)) * 86400
	if len(s) > 10 {
		clock, ok := parseClock(s[10:])
		if !ok {
			return time.Time{}, false
		}
		sec += clock
	}
	if sec < minSeconds || sec > maxSeconds {
		return time.Time{}, false
	}
	return time.Unix(sec, 0).UTC(), true
}

// parseSeconds reads the form that nearly all have, 2006-01-02T15:04:05, eight
// bytes at once, of the years that a record can hold. False says nothing.
func parseSeconds(s string) (int64, bool) {
	const (
		dateForm, dateMost   = "0000-00-", "\x76\x76\x76\x76\x7f\x76\x76\x7f"
		clockForm, clockMost = "00T00:00", "\x76\x76\x7f\x76\x76\x7f\x76\x76"
	)
	// A digit becomes its value, what stands between digits 0; what is added
	// then carries into the high bit of each byte that is more than it may be.
	d, c := word(s)^word(dateForm), word(s[8:])^word(clockForm)
	if (d|(d+word(dateMost))|c|(c+word(clockMost)))&highBits != 0 {
		return 0, false
	}
	// Of two digits the byte of the first becomes their number.
	d, c = d*10+d>>8, c*10+c>>8
	second, ok := twoDigits(s, 17)
	year, month, day := int(d&0xff)*100+int(d>>16&0xff), int(d>>40&0xff), int(c&0xff)
	hour, minute := int(c>>24&0xff), int(c>>48&0xff)
	if !ok || s[16] != ':' || hour > 23 || minute > 59 || second > 59 || month < 1 || month > 12 || year < firstYear || year >= firstYear+years {
		return 0, false
	}
	i := (year-firstYear)*12 + month - 1
	if first := monthStart[i]; day >= 1 && day <= int(monthStart[i+1]-first) {
		sec := (int64(first)+int64(day-1))*86400 + int64(hour*3600+minute*60+second)
		return sec, sec >= minSeconds
	}
	return 0, false
}

// word returns the first eight bytes of s.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

const firstYear, years = 1970, 136 // to 2105: all of their seconds fit

// monthStart says on which day since the epoch each month begins.
var monthStart = func() (t [12*years + 1]int32) {
	for i := range t {
		t[i] = int32(daysSinceEpoch(firstYear+i/12, i%12+1, 1))
	}
	return t
}()

// parseClock reads what follows the day, T included, and returns the seconds
// from that day's start in UTC; a zone can make them negative.
func parseClock(s string) (int64, bool) {
	if len(s) < 9 || (s[0] != 'T' && s[0] != ' ') || s[3] != ':' || s[6] != ':' {
		return 0, false
	}
	hour, ok1 := twoDigits(s, 1)
	minute, ok2 := twoDigits(s, 4)
	second, ok3 := twoDigits(s, 7)
	if !(ok1 && ok2 && ok3) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	sec := int64(hour*3600 + minute*60 + second)
	s = s[9:]
	if s != "" && s[0] == '.' {
		n := 1
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		if n == 1 {
			return 0, false
		}
		s = s[n:]
	}
	if s == "" || s == "Z" {
		return sec, true
	}
	if len(s) != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':' {
		return 0, false
	}
	hour, ok1 = twoDigits(s, 1)
	minute, ok2 = twoDigits(s, 4)
	if !(ok1 && ok2) || hour > 23 || minute > 59 {
		return 0, false
	}
	offset := int64(hour*3600 + minute*60)
	if s[0] == '+' {
		offset = -offset
	}
	return sec + offset, true
}

func twoDigits(s string, i int) (int, bool) {
	a, b := s[i]-'0', s[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSinceEpoch counts the days from 1970-01-01 in the Gregorian calendar.
// The year is taken to begin in March, so that the leap day is its last and the
// months before a given one take (153*m+2)/5 days.
func daysSinceEpoch(year, month, day int) int {
	if month <= 2 {
		year--
		month += 12
	}
	const epoch = 719468 // days from 0000-03-01 to 1970-01-01
	return year*365 + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - epoch
}

func isDigit(c byte) bool { return c-'0' <= 9 }
