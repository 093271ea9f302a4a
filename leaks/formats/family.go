package formats

import "strings"

// A familyVote collects what in a system file is the mark of one family. The
// marks are those of FORMATS.md: keys only that family writes, its headings,
// its own name in a banner. File names count for nothing.
type familyVote struct {
	marks map[string]int
	keys  map[string]int // place of the first of each, from 1
	text  uint8
}

// familyKeys are keys, folded, that tell a family, with a weight.
var familyKeys = map[string]struct {
	family string
	weight int
}{
	"operationsystem": {"redline", 3}, "buildid": {"redline", 2}, "filelocation": {"redline", 1}, "machinename": {"redline", 1},
	"processelevation": {"redline", 2}, "screensize": {"redline", 1},
	"buildcompiledate": {"raccoon_v1", 4}, "botid": {"raccoon_v1", 3}, "launchedat": {"raccoon_v1", 2},
	"ipinfo": {"raccoon_v2", 3}, "lastseen": {"raccoon_v2", 2}, "userid": {"raccoon_v2", 2},
	"workdir": {"vidar", 2}, "guid": {"vidar", 1}, "machineid": {"vidar", 1}, "installdate": {"vidar", 0},
	"lummac2build": {"lumma", 5}, "lid": {"lumma", 3}, "lidlummaid": {"lumma", 5}, "osversion": {"lumma", 1},
	"networkinfo": {"stealc", 3}, "systemsummary": {"stealc", 3}, "runningpath": {"stealc", 2},
	"wallpaperhash": {"rhadamanthys", 4}, "trafficname": {"rhadamanthys", 4}, "traffic": {"rhadamanthys", 3},
	"videocard0":           {"risepro", 3},
	"usernamecomputername": {"cryptbot", 5},
	"productname":          {"atomic", 1}, "productversion": {"atomic", 1}, "buildversion": {"atomic", 1}, "hardwareuuid": {"atomic", 1},
	"modelidentifier": {"atomic", 2}, "systemversion": {"atomic", 1}, "kernelversion": {"atomic", 1},
	"lanip": {"dcrat", 3},
}

// familyWords are names in banners and headings, in lower case.
var familyWords = []struct {
	word, family string
	weight       int
}{
	{"lummac2", "lumma", 5},
	{"( m | e | t | a )", "meta", 9},
	{"metastealer", "meta", 9},
	{"build information", "aurora", 4}, {"<=== ", "aurora", 3}, {"\u3164", "aurora", 4}, {"aurora stealer", "aurora", 6},
	{"risepro", "risepro", 9}, {"rhadamanthys", "rhadamanthys", 9}, {"stealc", "stealc", 4}, {"vidar", "vidar", 4},
	{"redline", "redline", 4}, {"raccoon", "raccoon_v1", 1}, {"meduza", "meduza", 9}, {"phemedrone", "phemedrone", 9},
	{"cryptbot", "cryptbot", 9}, {"atomic stealer", "atomic", 9}, {"dcrat", "dcrat", 6}, {"darkcrystal", "dcrat", 6},
	{"arechclient", "arechclient2", 9}, {"sectoprat", "arechclient2", 9}, {"whitesnake", "whitesnake", 9}, {"mystic stealer", "mystic", 9},
	{"pxa stealer", "pxa", 9}, {"----- geolocation data -----", "phemedrone", 6},
}

// key takes one key, folded, and its value.
func (v *familyVote) key(folded, value string) {
	if v.keys == nil {
		v.keys = make(map[string]int)
	}
	if v.keys[folded] == 0 {
		v.keys[folded] = len(v.keys) + 1
		if m, ok := familyKeys[folded]; ok {
			v.mark(m.family, m.weight)
		}
	}
	if folded == "ip" && strings.IndexByte(value, '/') > 0 {
		v.mark("atomic", 2)
	}
	if folded == "computername" && strings.HasSuffix(trimString(value), "[WORKGROUP]") {
		v.mark("risepro", 1)
	}
}

func (v *familyVote) mark(family string, weight int) {
	if v.marks == nil {
		v.marks = make(map[string]int)
	}
	v.marks[family] += weight
}

// line takes a whole line. What stands behind a key is somebody's value, a path
// or a name, and says nothing.
func (v *familyVote) line(s string) {
	if len(s) > 200 || v.text >= 100 {
		return
	}
	v.text++
	switch trimmed := trimString(s); {
	case strings.HasPrefix(trimmed, "[Hardware]"):
		v.mark("vidar", 1)
		return
	case strings.HasPrefix(trimmed, "ScreenSize: {") && strings.Contains(trimmed, "}TimeZone:"):
		v.mark("arechclient2", 6)
		return
	}
	head := s
	if key, value, ok := cutKey(s); ok && trimString(value) != "" && !strings.Contains(value, "\u3164") {
		head = key
	}
	head = strings.ToLower(head)
	for _, w := range familyWords {
		if strings.Contains(head, w.word) {
			v.mark(w.family, w.weight)
		}
	}
}

// decide returns the family with the most marks, "" where they are too few.
func (v *familyVote) decide() string {
	// Vidar and RisePro write the same file; the one has the version first, the
	// other the build before it.
	if build, version := v.keys["build"], v.keys["version"]; version != 0 {
		if build != 0 && build < version {
			v.mark("risepro", 3)
		} else if v.keys["machineid"] != 0 || v.keys["guid"] != 0 {
			v.mark("vidar", 3)
		}
	}
	for family, n := range v.marks {
		if family != "redline" && n >= 4 {
			delete(v.marks, "redline") // half the trade borrows its keys
		}
	}
	best, most := "", 2
	for family, n := range v.marks {
		if n > most || n == most && best != "" && family < best {
			best, most = family, n
		}
	}
	return best
}
