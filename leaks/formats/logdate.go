package formats

import (
	"strings"
	"time"
)

// This file reads the dates of stealers' system files and folder names. Every
// family has its own way to write them; what they have in common is that the
// parts are numbers and month names, and that a time follows the day.

// A dayOrder says how a date of three numbers without a year in front is meant.
type dayOrder uint8

const (
	orderUnknown dayOrder = iota
	orderDMY
	orderMDY
)

// readLogDate returns the readings of a date, ascending: none, one, or two when
// day and month cannot be told apart. Without a zone the time is taken for UTC.
func readLogDate(s string, order dayOrder) []time.Time {
	d := dateParts{order: order}
	for s = strings.TrimLeft(s, " \t"); s != ""; {
		rest, ok := d.take(s)
		if !ok {
			break
		}
		s = rest
	}
	return d.readings()
}

// dateParts collects the parts of a date as they come.
type dateParts struct {
	order  dayOrder
	nums   []int // of the day, in order
	widths []int // their digits
	sep    byte  // between the first two numbers
	month  int   // by name
	named  int   // numbers before the name
	clock  []int // hour, minute, second
	pm     byte  // 'a', 'p' or 0
	offset int   // seconds east of UTC
	zone   bool  // a zone was given
	done   bool  // nothing of use follows
}

// take reads one part off the front of s.
func (d *dateParts) take(s string) (string, bool) {
	if d.done {
		return s, false
	}
	switch c := s[0]; {
	case isDigit(c):
		n, w := 0, 0
		for w < len(s) && isDigit(s[w]) && w < 9 {
			n = n*10 + int(s[w]-'0')
			w++
		}
		return d.number(n, w, s[w:])
	case isLetter(c):
		w := 0
		for w < len(s) && isLetter(s[w]) {
			w++
		}
		return d.word(strings.ToLower(s[:w]), s[w:])
	case (c == '+' || c == '-') && len(d.clock) >= 2 && len(s) > 1 && isDigit(s[1]):
		return d.zoneOffset(s)
	case c == '(' || c == '[':
		return s, false
	case c < 0x80:
		return s[1:], true
	}
	return s, false
}

func (d *dateParts) number(n, width int, rest string) (string, bool) {
	days := len(d.nums)
	if d.month != 0 {
		days++
	}
	if days < 3 && len(d.clock) == 0 && (rest == "" || rest[0] != ':') {
		if days == 0 && rest != "" {
			d.sep = rest[0]
		}
		d.nums, d.widths = append(d.nums, n), append(d.widths, width)
		return rest, true
	}
	if len(d.clock) == 3 {
		// A fraction, or the year behind the time ("Jul 6 3:43:57 2024").
		if width == 4 && days == 2 {
			d.nums, d.widths = append(d.nums, n), append(d.widths, width)
		}
		return rest, true
	}
	if len(d.clock) == 2 && width == 4 && days == 2 {
		d.nums, d.widths = append(d.nums, n), append(d.widths, width)
		return rest, true
	}
	if width > 2 {
		return rest, false
	}
	d.clock = append(d.clock, n)
	return rest, true
}

var monthNames = [...]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

func (d *dateParts) word(w, rest string) (string, bool) {
	switch w {
	case "am", "pm":
		if len(d.clock) >= 2 {
			d.pm = w[0]
		}
		return rest, true
	case "gmt", "utc", "z":
		d.zone = true
		return rest, true
	case "t", "at", "st", "nd", "rd", "th", "of":
		return rest, true
	}
	if len(w) >= 3 && len(w) <= 9 && d.month == 0 {
		for i, name := range monthNames {
			if strings.HasPrefix(w, name) && strings.HasPrefix(time.Month(i+1).String(), strings.ToUpper(w[:1])+w[1:]) || w == "sept" && name == "sep" {
				d.month, d.named = i+1, len(d.nums)
				return rest, true
			}
		}
	}
	switch w[:min(3, len(w))] {
	case "mon", "tue", "wed", "thu", "fri", "sat", "sun":
		return rest, len(w) <= 9
	}
	return rest, false
}

// zoneOffset reads +0100, +01:00, -3, and _ for the colon as in folder names.
func (d *dateParts) zoneOffset(s string) (string, bool) {
	i, n := 1, 0
	for i < len(s) && isDigit(s[i]) && i < 5 {
		n = n*10 + int(s[i]-'0')
		i++
	}
	hours, minutes := n, 0
	switch {
	case i == 5:
		hours, minutes = n/100, n%100
	case i <= 3 && i+2 < len(s) && (s[i] == ':' || s[i] == '_') && isDigit(s[i+1]) && isDigit(s[i+2]):
		minutes = int(s[i+1]-'0')*10 + int(s[i+2]-'0')
		i += 3
	}
	if hours > 14 || minutes > 59 {
		return s, false
	}
	d.offset = hours*3600 + minutes*60
	if s[0] == '-' {
		d.offset = -d.offset
	}
	d.zone, d.done = true, true
	return s[i:], true
}

// readings puts the parts together in every way that gives a day.
func (d *dateParts) readings() []time.Time {
	var days [][3]int // year, month, day
	n := d.nums
	switch {
	case d.month != 0 && len(n) == 2:
		switch {
		case d.widths[0] == 4:
			days = append(days, [3]int{n[0], d.month, n[1]})
		default:
			days = append(days, [3]int{d.fullYear(1), d.month, n[0]})
		}
	case len(n) == 3 && d.widths[0] == 4:
		days = append(days, [3]int{n[0], n[1], n[2]})
	case len(n) == 3 && d.widths[0] <= 2 && d.widths[1] <= 2:
		year := d.fullYear(2)
		if d.order != orderDMY && d.sep == '/' {
			days = append(days, [3]int{year, n[0], n[1]})
		}
		if d.order != orderMDY || d.sep != '/' {
			days = append(days, [3]int{year, n[1], n[0]})
		}
	}
	var out []time.Time
	for _, day := range days {
		t, ok := d.at(day)
		if ok && (len(out) == 0 || !out[0].Equal(t)) {
			out = append(out, t)
		}
	}
	if len(out) == 2 && out[1].Before(out[0]) {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

// fullYear returns number i as a year. Two digits mean this century.
func (d *dateParts) fullYear(i int) int {
	if d.widths[i] == 2 {
		return 2000 + d.nums[i]
	}
	return d.nums[i]
}

func (d *dateParts) at(day [3]int) (time.Time, bool) {
	year, month, dom := day[0], day[1], day[2]
	if year < 1990 || year > 2105 || month < 1 || month > 12 || dom < 1 || dom > daysIn(year, month) {
		return time.Time{}, false
	}
	var clock [3]int
	copy(clock[:], d.clock)
	switch {
	case d.pm != 0 && (clock[0] < 1 || clock[0] > 12):
		if clock[0] > 12 && d.pm == 'p' && clock[0] < 24 {
			break // 15:04 PM
		}
		return time.Time{}, false
	case d.pm == 'p' && clock[0] < 12:
		clock[0] += 12
	case d.pm == 'a' && clock[0] == 12:
		clock[0] = 0
	}
	if clock[0] > 23 || clock[1] > 59 || clock[2] > 59 || len(d.clock) == 1 {
		return time.Time{}, false
	}
	loc := time.UTC
	if d.offset != 0 {
		loc = time.FixedZone("", d.offset)
	}
	return time.Date(year, time.Month(month), dom, clock[0], clock[1], clock[2], 0, loc), true
}
