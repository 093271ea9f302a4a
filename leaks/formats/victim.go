package formats

import (
	"hash/maphash"
	"math/bits"
	"path"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/leakscope/leakscope/leaks"
)

// A victim is one machine's log: the files below one folder. Its credentials
// wait for the facts of its system file, which may come after them.
type victim struct {
	root    string // folder in the archive, "" for the top
	archive string
	name    folderName

	machine Machine
	known   bool // a system file was read
	system  heldPlace
	modTime time.Time
	hint    string // family, by the banner of a credentials file

	held    []heldCredential
	cards   []heldCard
	bytes   int64 // memory that held keeps, texts included
	seen    map[uint64]seenAt
	numbers map[string]bool // of cards, as a hash would be guessed

	given   bool // some credential of it was given
	early   bool // given before the facts were known
	current int  // file being read, numbered from 1
}

// A heldPlace is where something stood.
type heldPlace struct {
	file string
	line int64
}

type heldCredential struct {
	credential
	file string
}

type heldCard struct {
	card  Card
	place heldPlace
}

// A seenAt remembers a credential.
type seenAt struct{ file, software uint32 }

var hashSeed = maphash.MakeSeed()

// again reports whether the log had the credential before: in another file with
// whatever program, as Lumma writes everything twice; in the same file only
// with the same one, as people do save a login in two browsers.
func (v *victim) again(c *credential) bool {
	key := maphash.String(hashSeed, c.host)
	key = mixHash(key, maphash.String(hashSeed, c.user))
	key = mixHash(key, maphash.String(hashSeed, c.pass))
	software := maphash.String(hashSeed, c.software)
	now := seenAt{uint32(v.current), uint32(software)}
	if v.seen == nil {
		v.seen = make(map[uint64]seenAt)
	}
	was, ok := v.seen[key]
	switch {
	case !ok:
		if len(v.seen) < maxSeen {
			v.seen[key] = now
		}
		return false
	case was.file != now.file || was.software == now.software:
		return true
	}
	key = mixHash(key, software)
	if _, ok := v.seen[key]; ok {
		return true
	}
	v.seen[key] = now
	return false
}

// mixHash joins two hashes, of which the order counts.
func mixHash(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xbf58476d1ce4e5b9)
	return hi ^ lo + a
}

// maxSeen bounds the credentials a log is remembered by. Beyond it, duplicates
// are given twice.
const maxSeen = 1 << 20

// size is how much memory v keeps, about.
func (v *victim) size() int64 {
	return 600 + v.bytes + int64(cap(v.held))*int64(unsafe.Sizeof(heldCredential{})) + int64(len(v.seen))*40 + int64(len(v.cards))*150
}

// take adds the facts of a system file. Of several files the first one that
// says something counts.
func (v *victim) take(f *systemFile, file string, modTime time.Time) {
	m := &v.machine
	for _, p := range []struct{ to, from *string }{
		{&m.Country, &f.Country}, {&m.IP, &f.IP}, {&m.ComputerName, &f.ComputerName}, {&m.User, &f.User},
		{&m.MachineID, &f.MachineID}, {&m.HardwareID, &f.HardwareID}, {&m.Stealer, &f.Stealer},
	} {
		if *p.to == "" {
			*p.to = strings.Clone(*p.from) // the file's text is not kept
		}
	}
	if m.LogDate.IsZero() && f.LogDate.IsZero() {
		if m.LogDates == nil {
			m.LogDates = f.LogDates
		}
	} else if m.LogDate.IsZero() {
		m.LogDate, m.LogDates = f.LogDate, nil
	}
	if !v.known {
		v.known, v.system, v.modTime = true, heldPlace{file, 1}, modTime
	}
}

// facts returns the machine with what the folder's name adds: what the system
// file does not say, and which reading of its date is meant.
func (v *victim) facts() Machine {
	m := v.machine
	first(&m.Country, v.name.country)
	first(&m.HardwareID, v.name.hardware)
	first(&m.IP, v.name.ip)
	first(&m.Stealer, v.hint)
	if !m.LogDate.IsZero() {
		return m
	}
	for _, near := range []time.Time{v.name.date, v.modTime} {
		if t, ok := nearest(m.LogDates, near); ok {
			m.LogDate, m.LogDates = t, nil
			return m
		}
	}
	if len(m.LogDates) == 0 {
		m.LogDate = v.name.date
	}
	return m
}

// nearest returns the one of dates that lies within a day and a half of near:
// the clocks may be in different zones, but not in different months.
func nearest(dates []time.Time, near time.Time) (time.Time, bool) {
	if near.IsZero() {
		return time.Time{}, false
	}
	var found []time.Time
	for _, t := range dates {
		if d := t.Sub(near).Abs(); d <= 36*time.Hour {
			found = append(found, t)
		}
	}
	if len(found) != 1 {
		return time.Time{}, false
	}
	return found[0], true
}

// isMachine reports whether m says of any machine which it is.
func (m *Machine) isMachine() bool {
	return m.IP != "" || m.HardwareID != "" || m.MachineID != "" || m.ComputerName != ""
}

// join writes the facts of m into rec.
func (m *Machine) join(rec *leaks.Record) {
	rec.Country, rec.IPAddress = m.Country, m.IP
	rec.ComputerName, rec.MachineUser = m.ComputerName, m.User
	rec.MachineID, rec.HardwareID = m.MachineID, m.HardwareID
	rec.StealerName = m.Stealer
	if s := m.LogDate.Unix(); s >= minSeconds && s <= maxSeconds {
		rec.LogDate = m.LogDate
	}
}

// A victimSet groups the files of an input into logs. Its logs are in the order
// of their first files.
type victimSet struct {
	byRoot map[victimKey]*victim
	order  []*victim
	input  string // name of the input, for files at its top
}

type victimKey struct{ archive, root string }

func (s *victimSet) get(archive, root string) *victim {
	return s.byRoot[victimKey{archive, root}]
}

// of returns the log that a file belongs to. The log's folder is: the one named
// as victims' folders are; else the file's own, without the folders that lie
// inside logs; or the folder above with a system file of its own.
func (s *victimSet) of(e Entry) *victim {
	dir := path.Dir(e.Path)
	if dir == "." {
		dir = ""
	}
	root, named := namedRoot(dir)
	if !named {
		root = dir
		for root != "" && isLogFolder(path.Base(root)) {
			if root = path.Dir(root); root == "." {
				root = ""
			}
		}
		if s.get(e.Archive, root) == nil {
			for up := root; up != ""; {
				if up = path.Dir(up); up == "." {
					up = ""
				}
				if v := s.get(e.Archive, up); v != nil && v.known {
					return v
				}
			}
		}
	}
	return s.at(e.Archive, root)
}

// at returns the log of a folder, a new one if there is none.
func (s *victimSet) at(archive, root string) *victim {
	if v := s.get(archive, root); v != nil {
		return v
	}
	v := &victim{root: strings.Clone(root), archive: archive}
	base := path.Base(root)
	if root == "" {
		base = s.input
		if archive != "" {
			base = path.Base(archive)
			base = strings.TrimSuffix(base, path.Ext(base))
		}
	}
	v.name, _ = readFolderName(base)
	v.name.hardware = strings.Clone(v.name.hardware)
	if s.byRoot == nil {
		s.byRoot = make(map[victimKey]*victim)
	}
	s.byRoot[victimKey{v.archive, v.root}] = v
	s.order = append(s.order, v)
	return v
}

// namedRoot returns the part of dir up to the first folder that is named after
// a machine.
func namedRoot(dir string) (string, bool) {
	for i := 0; i < len(dir); {
		end := len(dir)
		if j := strings.IndexByte(dir[i:], '/'); j >= 0 {
			end = i + j
		}
		if f, ok := readFolderName(dir[i:end]); ok && (f.hardware != "" || f.ip != "") {
			return dir[:end], true
		}
		i = end + 1
	}
	return "", false
}

// below returns the logs that turned out to be folders of v's: those in its
// folder without facts or a name of their own.
func (s *victimSet) below(v *victim) []*victim {
	prefix := v.root + "/"
	var found []*victim
	for _, w := range s.order {
		if w != v && !w.known && w.archive == v.archive && len(w.held) > 0 && w.name.hardware == "" &&
			(v.root == "" || strings.HasPrefix(w.root, prefix)) {
			found = append(found, w)
		}
	}
	return found
}

// toEnd makes v the log that is forgotten last.
func (s *victimSet) toEnd(v *victim) {
	if i := slices.Index(s.order, v); i >= 0 {
		s.order = append(slices.Delete(s.order, i, i+1), v)
	}
}

// drop forgets the first n logs.
func (s *victimSet) drop(n int) {
	for _, v := range s.order[:n] {
		delete(s.byRoot, victimKey{v.archive, v.root})
	}
	clear(s.order[:n])
	s.order = s.order[n:]
}
