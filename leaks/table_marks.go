package leaks

import "sync/atomic"

// Tests lower both.
var (
	// markShift is the binary logarithm of how many users there is a mark for.
	markShift = 8
	// marksWorth is how many times the mail domain of a user must have been
	// looked for before marks are made: that reads the starts of all.
	marksWorth uint32 = 512
)

// A mailMarks narrows the search for the mail domain of a user: it has that of
// every 1<<markShift-th user. Users are grouped by mail domain, and most of them
// below few.
type mailMarks struct {
	asked atomic.Uint32
	marks atomic.Pointer[[]uint32]
}

// bounds returns mail domains between which, both included, that of a user lies.
func (mm *mailMarks) bounds(t *table, user uint32) (lo, hi uint32, ok bool) {
	marks := mm.marks.Load()
	if marks == nil {
		if mm.asked.Add(1) == marksWorth {
			mm.make(t)
		}
		return 0, 0, false
	}
	i := user >> markShift
	if int(i)+1 >= len(*marks) {
		return 0, 0, false // only corrupt columns get here; the search says so
	}
	return (*marks)[i], (*marks)[i+1], true
}

// make makes the marks, unless starts cannot be read: then there are none.
func (mm *mailMarks) make(t *table) {
	c := t.cursor()
	users, mails := t.dictLen(dictUser), t.dictLen(dictMail)
	marks := make([]uint32, 0, users>>markShift+2)
	var starts []uint32
	for lo := uint32(0); lo < mails; lo += scanBlock {
		// Value m+1 is where the users of mail m end.
		starts = c.decode(colUserStarts, lo+1, min(lo+scanBlock, mails)+1, starts[:0])
		for i, end := range starts {
			for uint32(len(marks))<<markShift < end {
				marks = append(marks, lo+uint32(i))
			}
		}
	}
	if c.err() != nil || mails == 0 {
		return
	}
	marks = append(marks, mails-1)
	mm.marks.Store(&marks)
}
