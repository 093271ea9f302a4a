package formats

import (
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A fact is what a key of a system file tells.
type fact uint8

const (
	factNone fact = iota
	factIP
	factIPInfo // "PL 192.0.2.99"
	factCountry
	factLocation
	factComputer
	factUser
	factUserComputer // "vera (PC-VERA)"
	factMachineID
	factGUID   // a machine id where there is no better one
	factUserID // "guid|user", "guid_user"
	factHardware
	factDate
	factSigned // "… (sig:1720242237.0a1b)"
)

var systemFacts = func() map[string]fact {
	table := make(map[string]fact)
	for f, list := range map[fact]string{
		factIP:           "ip ipaddress ipadress wanip externalip publicip ipv4 ipaddr ipadd",
		factIPInfo:       "ipinfo",
		factCountry:      "country countrycode geo countryname",
		factLocation:     "location",
		factComputer:     "machinename computername computer pcname pc hostname machine computernetbios netbios devicename",
		factUser:         "username user currentuser accountname machineuser usernameonpc osuser",
		factUserComputer: "usernamecomputername usernamepcname usernamecomputer",
		factMachineID:    "machineid deviceid",
		factGUID:         "guid machineguid windowsguid uuid",
		factUserID:       "userid botid",
		factHardware:     "hwid hardwareid hardwareuuid hardwareidhwid",
		factDate:         "logdate date localdate localtime launchedat lastseen logtime systemtime currenttime localdateandtime datetime reportdate reportcreated currentlocaltime logcreated logfrom executiontime stealtime collectedat localdatetime timestamp reporttime systemdate dateandtime currentdate logdatetime infectiondate",
		factSigned:       "time",
	} {
		for key := range strings.FieldsSeq(list) {
			table[key] = f
		}
	}
	return table
}()

// systemEnds are the headings behind which a system file lists what other
// programs, processes and devices call themselves: nothing there is a key.
var systemEnds = func() map[string]bool {
	table := make(map[string]bool)
	for key := range strings.FieldsSeq("processes software installedapps installedapplications installedsoftware installedprograms installedapp " +
		"useragents useragent processlist runningprocesses processeslist softwarelist hardwares antiviruses availablekeyboardlayouts " +
		"keyboardlayouts installedbrowsers browsers programs applications apps processinfo processessoftware softwareprocesses allusers " +
		"activewindows openwindows services startup installedextensions extensions wallets listofprocesses listofsoftware") {
		table[key] = true
	}
	return table
}()

// A systemFile is what was read from a system file.
type systemFile struct {
	Machine
	facts  int // different ones found
	seen   [factSigned + 1]bool
	family familyVote
	order  dayOrder
	dates  []string // date values as they stand there, in order
	signed time.Time
	lines  int64
}

// readSystemFile reads a system file: keys up to the first list of programs or
// processes, the first value of each.
func readSystemFile(src *textSource) (*systemFile, error) {
	f := &systemFile{}
	ended := false
	for {
		line, long, err := src.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return f, err
		}
		f.lines++
		if ended || long {
			continue
		}
		s := text(line)
		f.family.line(s)
		if ended = endsSystem(s); ended {
			continue
		}
		f.line(s)
	}
	f.finish()
	return f, nil
}

// endsSystem reports whether s is one of the headings systemEnds has: in
// brackets, between rules, or with a colon and nothing behind it.
func endsSystem(s string) bool {
	s = strings.Trim(s, " \t-=_*#<>")
	if s == "" || len(s) > 60 {
		return false
	}
	if s[0] == '[' {
		// [Processes][Software] share a line.
		s, _, _ = strings.Cut(s[1:], "]")
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		if trimString(s[i+1:]) != "" && !strings.HasPrefix(trimString(s[i+1:]), "-") {
			return false
		}
		s = s[:i]
	}
	var room [64]byte
	return systemEnds[string(foldKey(s, room[:0]))]
}

// line takes one line. Two keys can share it: "- Time zone: 	- OS: …",
// "ScreenSize: {…}TimeZone: …".
func (f *systemFile) line(s string) {
	for s != "" {
		part, rest := s, ""
		if i := strings.Index(s, "\t- "); i > 0 && trimString(s[:i]) != "" {
			part, rest = s[:i], s[i+1:]
		} else if i := strings.IndexByte(s, '}'); i > 0 && i+1 < len(s) && isLetter(s[i+1]) {
			part, rest = s[:i+1], s[i+1:]
		}
		if key, value, ok := cutKey(part); ok {
			var room [3 * maxKey]byte
			folded := foldKey(key, room[:0])
			f.family.key(string(folded), value)
			f.set(systemFacts[string(folded)], cleanFact(value))
		}
		s = rest
	}
}

// cleanFact trims blanks of all kinds, the Hangul filler some pad with among
// them, and clears what stands for nothing.
func cleanFact(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' || r == 0x3164 || r == 0xA0 || r == 0x200B || r == 0xFEFF })
	if strings.EqualFold(s, "unknown") || strings.EqualFold(s, "none") || strings.EqualFold(s, "null") || s == "-" || s == "?" {
		return ""
	}
	return clearPlaceholder(s)
}

// maxFact bounds the values kept: longer ones are no names.
const maxFact = 256

func (f *systemFile) set(what fact, value string) {
	if what == factNone || value == "" || len(value) > maxFact {
		return
	}
	switch what {
	case factIP:
		first(&f.IP, readIP(value))
		first(&f.Country, bracketedCountry(value))
	case factIPInfo:
		for field := range strings.FieldsSeq(value) {
			first(&f.Country, countryCode(field))
			first(&f.IP, readIP(field))
		}
	case factCountry:
		f.Country = firstOf(readCountry(value), f.Country, f.seen[factCountry])
	case factLocation:
		first(&f.Country, readLocation(value))
	case factComputer:
		// "X [WORKGROUP]"
		if i := strings.Index(value, " ["); i > 0 && strings.HasSuffix(value, "]") {
			value = value[:i]
		}
		first(&f.ComputerName, value)
	case factUser:
		first(&f.User, value)
	case factUserComputer:
		if user, pc, ok := cutBracketed(value); ok {
			first(&f.User, user)
			first(&f.ComputerName, pc)
		} else {
			first(&f.User, value)
		}
	case factMachineID:
		f.MachineID = firstOf(value, f.MachineID, f.seen[factMachineID])
	case factGUID:
		first(&f.MachineID, strings.Trim(value, "{}"))
	case factUserID:
		id, user, ok := strings.Cut(value, "|")
		if !ok && len(value) > 36 && value[36] == '_' {
			id, user = value[:36], value[37:]
		}
		first(&f.MachineID, trimString(id))
		first(&f.User, trimString(user))
	case factHardware:
		first(&f.HardwareID, value)
	case factDate:
		f.dates = append(f.dates, value)
	case factSigned:
		if _, sig, ok := strings.Cut(value, "(sig:"); ok {
			seconds, _, _ := strings.Cut(sig, ".")
			if n, err := strconv.ParseInt(strings.Trim(seconds, " )"), 10, 64); err == nil && n >= minSeconds && n <= maxSeconds && f.signed.IsZero() {
				f.signed = time.Unix(n, 0).UTC()
			}
		}
		f.dates = append(f.dates, value)
	}
	if !f.seen[what] {
		f.seen[what] = true
		f.facts++
	}
}

// first sets to where it has nothing yet.
func first(to *string, value string) {
	if *to == "" {
		*to = value
	}
}

// firstOf returns value, unless a value of the same key was there before: of a
// weaker key it takes the place.
func firstOf(value, had string, same bool) string {
	if value == "" || same && had != "" {
		return had
	}
	return value
}

// readIP returns the address that s begins with: "192.0.2.1/24",
// "192.0.2.1 (DE)".
func readIP(s string) string {
	if i := strings.IndexAny(s, " /,;([|\t"); i >= 0 {
		s = s[:i]
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	return addr.WithZone("").Unmap().String()
}

// bracketedCountry returns the country behind an address: "192.0.2.1 [DE]".
func bracketedCountry(s string) string {
	i := strings.IndexAny(s, "([")
	if i < 0 || len(s) < i+4 {
		return ""
	}
	return countryCode(s[i+1 : i+3])
}

// cutBracketed takes "user (PC)" and "user [PC]" apart.
func cutBracketed(s string) (string, string, bool) {
	i := strings.LastIndexAny(s, "([")
	if i <= 0 || !strings.HasSuffix(s, ")") && !strings.HasSuffix(s, "]") {
		return "", "", false
	}
	return trimString(s[:i]), trimString(s[i+1 : len(s)-1]), true
}

// finish decides on the family and reads the dates.
func (f *systemFile) finish() {
	f.Stealer = f.family.decide()
	if f.Stealer == "vidar" {
		f.order = orderDMY // documented for all its versions
	}
	for _, value := range f.dates {
		switch got := readLogDate(value, f.order); len(got) {
		case 1:
			f.LogDate, f.LogDates = got[0], nil
			return
		case 2:
			if f.LogDates == nil {
				f.LogDates = got
			}
		}
	}
	if !f.signed.IsZero() {
		f.LogDate, f.LogDates = f.signed, nil
	}
}
