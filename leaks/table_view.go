package leaks

import (
	"fmt"
	"sync"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/segment"
)

// A columnID names one integer column of a table.
type columnID uint8

const (
	colRootGroups columnID = iota
	colDomainStarts
	colHostStarts
	colUserStarts
	colGroupRow
	colGroupDomain
	colGroupUser
	colGroupMask
	colGroupPassword
	colGroupSources
	colGroupOrigin
	colGroupSign
	colOriginSeq
	colSeen
	colUpload
	colLog
	colSource
	colHost
	colMachine
	colType
	colSoftware
	colProtocol
	colOrdinal
	colByHash
	colByUser
	colUserGroups
	colAggPlace
	colAggRows
	colTopRoot
	colTopMail
	colTopGroup
	colNameSign
	colAddressSign
	colMachineFirst // and one for each further machine field

	numColumns = colMachineFirst + columnID(machineFields)
)

// A columnSpec says where a column is stored, how many values it has and below
// what each of them must lie; both depend on the table. A limit of 0 is none.
type columnSpec struct {
	section      uint16
	count, limit uint64
}

func columnSpecs(m *tableMeta) (specs [numColumns]columnSpec) {
	rows, groups := uint64(m.rows), uint64(m.groups)
	dict := func(d dictID) uint64 { return uint64(m.dicts[d]) }
	starts := func(d dictID) columnSpec {
		p, _ := d.parent()
		return columnSpec{sectionStarts + uint16(d), dict(p) + 1, dict(d) + 1}
	}
	specs = [numColumns]columnSpec{
		colRootGroups:    {sectionRootGroups, dict(dictRoot) + 1, groups + 1},
		colDomainStarts:  starts(dictDomain),
		colHostStarts:    starts(dictHost),
		colUserStarts:    starts(dictUser),
		colGroupRow:      {sectionGroupRow, groups + 1, rows + 1},
		colGroupDomain:   {sectionGroupDomain, groups, dict(dictDomain)},
		colGroupUser:     {sectionGroupUser, groups, dict(dictUser)},
		colGroupMask:     {sectionGroupMask, groups, dict(dictMask)},
		colGroupPassword: {sectionGroupPassword, groups, 1 << 32},
		colGroupSources:  {sectionGroupSources, groups, rows + 1},
		colGroupOrigin:   {sectionGroupOrigin, 0, uint64(m.origins)},
		colGroupSign:     {sectionGroupSign, 0, 0},
		colNameSign:      {sectionNameSign, 0, 0},
		colAddressSign:   {sectionAddressSign, 0, 0},
		colOriginSeq:     {sectionOriginSeq, uint64(m.origins), 0},
		colSeen:          {sectionRowSeen, rows, uint64(m.maxSeen) + 1},
		colUpload:        {sectionRowUpload, rows, 0},
		colLog:           {sectionRowLog, rows, 0},
		colSource:        {sectionRowSource, rows, dict(dictSource)},
		colHost:          {sectionRowHost, rows, dict(dictHost)},
		colMachine:       {sectionRowMachine, rows, uint64(m.machines)},
		colType:          {sectionRowType, rows, uint64(Stealer) + 1},
		colSoftware:      {sectionRowSoftware, rows, dict(dictSoftware)},
		colProtocol:      {sectionRowProtocol, rows, dict(dictProtocol)},
		colOrdinal:       {sectionRowOrdinal, 0, m.ordinals},
		colByHash:        {sectionByHash, groups, groups},
		colByUser:        {sectionByUser, groups, groups},
		colUserGroups:    {sectionUserGroups, dict(dictUser) + 1, groups + 1},
		colAggPlace:      {sectionAggPlace, uint64(m.aggregates), 0},
		colAggRows:       {sectionAggRows, uint64(m.aggregates), 0},
		colTopRoot:       {sectionTopRoot, uint64(m.topRoots), dict(dictRoot)},
		colTopMail:       {sectionTopMail, uint64(m.topMails), dict(dictMail)},
		colTopGroup:      {sectionTopGroup, 2 * uint64(m.topPlaces) * (uint64(m.topRoots) + uint64(m.topMails)), groups},
	}
	if m.origins > 0 {
		specs[colGroupOrigin].count = groups
	}
	if m.splitHash {
		specs[colOrdinal].count = rows
	}
	if m.signed {
		specs[colGroupSign].count = groups
		specs[colNameSign].count, specs[colAddressSign].count = uint64(m.machines), uint64(m.machines)
	}
	for f := range machineFields {
		specs[colMachineFirst+columnID(f)] = columnSpec{sectionMachine + uint16(f), uint64(m.machines), dict(f.dict())}
	}
	return specs
}

// A table is the read view of a segment. It is safe for concurrent use; its
// cursors are not.
type table struct {
	tableMeta
	seg      *segment.Reader
	specs    [numColumns]columnSpec
	columns  [numColumns]*segment.Ints
	hashes   *segment.Fixed
	digests  *segment.Fixed
	dicts    [numDicts]*index.Dict
	texts    [numDicts]*index.Text // nil where there is none
	aggNames *index.Dict
	bitmaps  [bitmapKinds]*index.Bitmaps
	names    [numDicts]nameCache // of the dictionaries that are shared
	covers   *coverCache
	idle     sync.Pool        // of cursors; see borrow
	sources  lazily[[]uint32] // see snapshot.sourceNumbers

	machineCache machineCache
	mailMarks    mailMarks
}

// openTable opens the table of a segment and checks that its sections are there
// and as long as the meta says. What a section holds is checked when it is
// used. Errors wrap ErrCorrupt.
func openTable(r *segment.Reader) (*table, error) {
	m, err := decodeTableMeta(r.Meta())
	if err != nil {
		return nil, err
	}
	t := &table{tableMeta: *m, seg: r, specs: columnSpecs(m)}
	t.covers = &coverCache{limit: minCoverBytes + int(m.rows/rowsPerCoverByte)}
	for d := range t.dicts {
		if t.dicts[d], err = index.OpenDict(r.Section(sectionDict+uint16(d)), m.dicts[d]); err != nil {
			return nil, fmt.Errorf("dictionary of %s: %w", dictID(d), err)
		}
		if t.texts[d], err = index.OpenText(r.Section(sectionText+uint16(d)), m.dicts[d]); err != nil {
			return nil, fmt.Errorf("text of %s: %w", dictID(d), err)
		}
	}
	if t.aggNames, err = index.OpenDict(r.Section(sectionAggName), m.aggregates); err != nil {
		return nil, fmt.Errorf("names of aggregates: %w", err)
	}
	for i, s := range t.specs {
		if t.columns[i], err = segment.OpenInts(r.Section(s.section), s.count); err != nil {
			return nil, fmt.Errorf("%s: %w", sectionName(s.section), err)
		}
	}
	if t.hashes, err = segment.OpenFixed(r.Section(sectionGroupHash), 16, uint64(m.groups)); err != nil {
		return nil, fmt.Errorf("%s: %w", sectionName(sectionGroupHash), err)
	}
	if t.digests, err = segment.OpenFixed(r.Section(sectionGroupDigest), 8, uint64(m.groups)); err != nil {
		return nil, fmt.Errorf("%s: %w", sectionName(sectionGroupDigest), err)
	}
	for k := range t.bitmaps {
		if t.bitmaps[k], err = index.OpenBitmaps(r.Section(sectionBitmap + uint16(k))); err != nil {
			return nil, fmt.Errorf("%s: %w", sectionName(sectionBitmap+uint16(k)), err)
		}
	}
	return t, nil
}

// bitmap returns the rows whose column k has value, an ordinal of its
// dictionary or a Type. The caller may change the set.
func (t *table) bitmap(k bitmapKind, value uint32) (*index.Set, error) {
	return t.bitmapRange(k, value, 0, t.rows)
}

// bitmapRange returns the rows lo <= row < hi of bitmap. It reads no more than
// it needs.
func (t *table) bitmapRange(k bitmapKind, value, lo, hi uint32) (*index.Set, error) {
	s, err := t.bitmaps[k].GetRange(value, lo, hi)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sectionName(sectionBitmap+uint16(k)), err)
	}
	return s, nil
}

// bitmapLen returns how many rows have value, without reading them.
func (t *table) bitmapLen(k bitmapKind, value uint32) uint64 { return t.bitmaps[k].Len(value) }

// A tableCursor reads one table for one goroutine. It opens what it is asked
// for and keeps the places it read last, so that neighbours are cheap.
//
// Its error is sticky: after the first one values are zeros or leftovers, never
// out of range of what they refer to by more than a further error, and err
// tells. Callers look at err before they believe anything.
type tableCursor struct {
	t       *table
	first   error
	columns [numColumns]*segment.IntsCursor
	dicts   [numDicts]*index.DictCursor
	aggs    *index.DictCursor
	hashes  *segment.FixedCursor
	digests *segment.FixedCursor

	// Ranges found last by search: members below the parent at.
	mail, root, domain, rootOfDomain spanCache

	group      uint32 // found last by groupOfRow
	aggregator *aggregator
	key        []byte
}

// A spanCache remembers the range of one parent.
type spanCache struct{ at, lo, hi uint32 }

func (t *table) cursor() *tableCursor { return &tableCursor{t: t} }

// borrow returns a cursor whose user gives it back: most queries need a dozen
// columns of each table for a value or two, and making cursors for them would
// take longer than those.
func (t *table) borrow() *tableCursor {
	if c, ok := t.idle.Get().(*tableCursor); ok {
		return c
	}
	return t.cursor()
}

// giveBack takes a cursor that was borrowed, and that nobody uses any more. One
// that met an error is dropped; the others let go of what they hold.
func (c *tableCursor) giveBack() {
	if c.err() != nil {
		return
	}
	for _, k := range c.columns {
		if k != nil {
			k.Reset()
		}
	}
	for _, k := range c.dicts {
		if k != nil {
			k.Reset()
		}
	}
	if c.aggs != nil {
		c.aggs.Reset()
	}
	if c.hashes != nil {
		c.hashes.Reset()
	}
	if c.digests != nil {
		c.digests.Reset()
	}
	c.aggregator = nil
	c.t.idle.Put(c)
}

// giveBackAll takes cursors, of which some may be nil.
func giveBackAll(cursors []*tableCursor) {
	for _, c := range cursors {
		if c != nil {
			c.giveBack()
		}
	}
}

// err returns the first error met, or nil.
func (c *tableCursor) err() error {
	if c.first != nil {
		return c.first
	}
	for _, k := range c.columns {
		if k != nil && k.Err() != nil {
			return c.fail(k.Err())
		}
	}
	for d, k := range c.dicts {
		if k != nil && k.Err() != nil {
			return c.fail(fmt.Errorf("dictionary of %s: %w", dictID(d), k.Err()))
		}
	}
	switch {
	case c.aggs != nil && c.aggs.Err() != nil:
		return c.fail(c.aggs.Err())
	case c.hashes != nil && c.hashes.Err() != nil:
		return c.fail(c.hashes.Err())
	case c.digests != nil && c.digests.Err() != nil:
		return c.fail(c.digests.Err())
	}
	return nil
}

func (c *tableCursor) fail(err error) error {
	if c.first == nil {
		c.first = err
	}
	return c.first
}

// corrupt notes that a value is not possible, unless it is one of those that a
// column gives after an error of its own.
func (c *tableCursor) corrupt(what string) {
	if c.err() == nil {
		c.first = fmt.Errorf("%w: table: %s", codec.ErrCorrupt, what)
	}
}

// column returns the cursor of a column.
func (c *tableCursor) column(id columnID) *segment.IntsCursor {
	if k := c.columns[id]; k != nil {
		return k
	}
	k := c.t.columns[id].Cursor()
	c.columns[id] = k
	return k
}

// value returns value i of a column that has a limit; one not below it is
// corrupt.
func (c *tableCursor) value(id columnID, i uint32) uint32 {
	v := c.column(id).At(uint64(i))
	if v >= c.t.specs[id].limit {
		c.corrupt(sectionName(c.t.specs[id].section) + ": value out of range")
		return 0
	}
	return uint32(v)
}

// span returns values i and i+1 of a starts column: a range.
func (c *tableCursor) span(id columnID, i uint32) (lo, hi uint32) { return c.spans(id, i, i+1) }

// spans returns values i and j, i <= j, of a starts column: the range of the
// members i to j-1.
func (c *tableCursor) spans(id columnID, i, j uint32) (lo, hi uint32) {
	lo, hi = c.value(id, i), c.value(id, j)
	if lo > hi {
		c.corrupt(sectionName(c.t.specs[id].section) + ": values descend")
		return 0, 0
	}
	return lo, hi
}

// parentOf returns the member of a starts column in whose range v lies.
func (c *tableCursor) parentOf(id columnID, v uint32, cache *spanCache) uint32 {
	return c.parentWithin(id, v, cache, 0, c.t.specs[id].count)
}

// parentWithin is parentOf where the parent's end is one of the values from lo to
// hi-1.
func (c *tableCursor) parentWithin(id columnID, v uint32, cache *spanCache, lo, hi uint64) uint32 {
	if v-cache.lo < cache.hi-cache.lo {
		return cache.at
	}
	n := c.t.specs[id].count
	i := c.column(id).Search(lo, min(hi, n), uint64(v)+1)
	if i == 0 || i >= n {
		c.corrupt(sectionName(c.t.specs[id].section) + ": no range holds a member")
		return 0
	}
	at := uint32(i - 1)
	first, end := c.span(id, at)
	if v < first || v >= end {
		c.corrupt(sectionName(c.t.specs[id].section) + ": values descend")
		return 0
	}
	*cache = spanCache{at, first, end}
	return at
}

// decode appends values lo to hi-1 of a column with a limit of at most 32 bits
// to dst, checked against it.
func (c *tableCursor) decode(id columnID, lo, hi uint32, dst []uint32) []uint32 {
	n := len(dst)
	dst = c.column(id).Decode32(uint64(lo), uint64(hi), dst)
	limit := c.t.specs[id].limit
	most := uint32(0)
	for _, v := range dst[n:] {
		most = max(most, v)
	}
	if len(dst) > n && uint64(most) >= limit {
		c.corrupt(sectionName(c.t.specs[id].section) + ": value out of range")
		clear(dst[n:])
	}
	return dst
}

func (c *tableCursor) aggDict() *index.DictCursor {
	if c.aggs == nil {
		c.aggs = c.t.aggNames.Cursor()
	}
	return c.aggs
}
