package leaks

// figures are what a block of whole groups is sorted by: the number of sources
// and the time of the last row of each. Of the two, the one that leads the
// order is decoded for all groups at once, the other only for groups that the
// leading one does not rule out.
type figures struct {
	c    *tableCursor
	rank *ranker

	groupsOf      []uint32 // the groups
	sources, last []uint32
	// Which of the two are loaded; the others are looked up one by one.
	haveSources, haveLast bool

	rows, times []uint32
}

// of returns figures that decode into what f did.
func (f *figures) of(c *tableCursor, rank *ranker) figures {
	return figures{c: c, rank: rank, sources: f.sources[:0], last: f.last[:0], rows: f.rows[:0], times: f.times[:0]}
}

// leading returns the figure that leads the order of all groups of the block,
// nil where it is not loaded.
func (f *figures) leading() []uint32 {
	switch {
	case f.rank.byLast && f.haveLast:
		return f.last
	case !f.rank.byLast && f.haveSources:
		return f.sources
	}
	return nil
}

// load turns to the groups of a block, all from lo to hi; dense says that they
// fill most of that. It returns how many rows it decoded.
func (f *figures) load(groups []uint32, lo, hi uint32, dense bool) int {
	f.groupsOf, f.haveSources, f.haveLast = groups, false, false
	if !dense {
		return 0
	}
	if f.rank.byLast {
		return f.loadLast(lo, hi)
	}
	f.loadSources(lo, hi)
	least, most := f.rank.leads()
	passing := 0
	for _, n := range f.sources {
		if least <= n && n <= most {
			passing++
		}
	}
	if passing > len(groups)/8 {
		return f.loadLast(lo, hi)
	}
	return 0
}

// at returns the figures of group i of the block, for the ranker's offer: one
// that is ruled out by the leading figure has 0 for the other.
func (f *figures) at(i int) (sources, last uint32) {
	least, most := f.rank.leads()
	if f.rank.byLast {
		if last = f.lastOf(i); (last < least || last > most) && f.rank.minSources <= 1 {
			return 1, last
		}
		return f.sourcesOf(i), last
	}
	if sources = f.sourcesOf(i); sources < least || sources > most {
		return sources, 0
	}
	return sources, f.lastOf(i)
}

func (f *figures) sourcesOf(i int) uint32 {
	if f.haveSources {
		return f.sources[i]
	}
	return f.c.groupSources(f.groupsOf[i])
}

func (f *figures) lastOf(i int) uint32 {
	if f.haveLast {
		return f.last[i]
	}
	return f.c.groupLast(f.groupsOf[i])
}

func (f *figures) loadSources(lo, hi uint32) {
	f.sources = f.c.decode(colGroupSources, lo, hi, f.sources[:0])
	if len(f.sources) != int(hi-lo) {
		return // corrupt; what is looked up instead says so, too
	}
	for i, g := range f.groupsOf {
		f.sources[i] = f.sources[g-lo] // g-lo is never below i
	}
	f.sources, f.haveSources = f.sources[:len(f.groupsOf)], true
}

// loadRows decodes where the rows of the groups from lo to hi begin.
func (f *figures) loadRows(lo, hi uint32) bool {
	f.rows = f.c.decode(colGroupRow, lo, hi+1, f.rows[:0])
	return len(f.rows) == int(hi-lo)+1
}

// loadTimes decodes when the rows of the first n groups of those that loadRows
// loaded were seen.
func (f *figures) loadTimes(n uint32) bool {
	first, end := f.rows[0], f.rows[n]
	if first > end || end-first > 8*n {
		return false // a credential seen very often: do not decode all its rows
	}
	f.times = f.c.seenRange(first, end, f.times[:0])
	return len(f.times) == int(end-first)
}

func (f *figures) loadLast(lo, hi uint32) int {
	if !f.loadRows(lo, hi) {
		return 0
	}
	if !f.loadTimes(hi - lo) {
		return 0
	}
	first, end := f.rows[0], f.rows[hi-lo]
	f.last = f.last[:0]
	for _, g := range f.groupsOf {
		row := f.rows[g-lo+1] - first - 1
		if row >= uint32(len(f.times)) {
			return 0
		}
		f.last = append(f.last, f.times[row])
	}
	f.haveLast = true
	return int(end - first)
}
