package leaks

import (
	"errors"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/segment"
)

// A tableSummary is what a catalogue keeps of a finished table.
type tableSummary struct {
	rows, groups     uint32
	minSeen, maxSeen uint32
	// splitHash says that some hash may stand below two roots of this table.
	splitHash bool
	segment   segment.Summary
}

// A tableWriter writes the sections of one table. Whoever drives it brings
// everything in the order of the table, first dictionaries and machines, then
// groups with their rows; ordinals are those of the new dictionaries. What it
// keeps in memory is 4 bytes a machine, the bitmaps as they will be stored, an open
// part of a text index for each goroutine that writes dictionaries, and an open chunk
// a column; of a table with signatures 8 bytes a user, until its groups are written;
// and 12 bytes a group and 4 a user, or, after keepOrders, no more than its spills do.
type tableWriter struct {
	seg     *segment.Writer
	packing segment.Packing // of hosts and aggregates
	meta    tableMeta
	columns []*segment.IntsWriter
	fixed   []*segment.FixedWriter

	rootGroups *segment.IntsWriter
	roots      uint32 // roots whose first group is known

	groupHash, groupDigest                      *segment.FixedWriter
	groupRow, groupDomain, groupUser, groupMask *segment.IntsWriter
	groupPassword, groupSources                 *segment.IntsWriter
	groupOrigin                                 *segment.IntsWriter // nil of a table of one origin
	groupSign                                   *segment.IntsWriter // nil of a table without signatures
	rowSeen, rowUpload, rowLog, rowSource       *segment.IntsWriter
	rowHost, rowMachine, rowType                *segment.IntsWriter
	rowSoftware, rowProtocol                    *segment.IntsWriter

	signs signs

	orders *mergeOrders // nil of a fresh table, which knows its orders otherwise
	latest orderedGroup // of the open group, but for its sources; only with orders

	bitmaps        [bitmapKinds]*index.BitmapsBuilder
	machineCountry []uint32
	machineStealer []uint32

	groupBatch groupBatch
	rowBatch   rowBatch

	// Without orders:
	hashes []uint64 // per group the high half of its hash, unless byHash is known
	byHash []uint32 // nil if not known; else no two groups have one hash
	users  []uint32 // per group its user

	sourceEpoch []uint32 // per source the group that had it last, plus 1
	open        bool     // a group is open: group and row drive it
	sources     uint64   // distinct ones of that group
	order       *hashOrder
}

// errTableFull: a table numbers rows with 31 bits.
var errTableFull = errors.New("table has too many rows")

// newTableWriter returns a writer of a table. One that is merged is packed, and
// has signatures.
func newTableWriter(seg *segment.Writer, coding [2]timeCoding, order *hashOrder, merged bool) *tableWriter {
	w := &tableWriter{seg: seg, meta: tableMeta{coding: coding, signed: merged}, order: order}
	if merged {
		w.packing = segment.Small
	}
	return w
}

// column opens a column of integers.
func (w *tableWriter) column(id uint16) *segment.IntsWriter {
	c := segment.NewIntsWriter(w.seg.Section(id, segment.Plain))
	w.columns = append(w.columns, c)
	return c
}

func (w *tableWriter) fixedColumn(id uint16, width int) *segment.FixedWriter {
	c := segment.NewFixedWriter(w.seg.Section(id, segment.Plain), width)
	w.fixed = append(w.fixed, c)
	return c
}

// A dictOut writes one dictionary and, of a nested one, its starts.
type dictOut struct {
	id     dictID
	strs   *index.DictWriter
	text   textWriter // nil unless textDict; 6 MiB at most
	signs  *signs     // nil of a table without signatures
	starts *segment.IntsWriter
	begun  uint32 // parents whose first ordinal is known
}

// dict opens dictionary d. Parents must be finished before their children. Only the
// largest dictionary is compressed, and that of merged tables only. A row takes a string of each, and to decompress
// what stands around one takes a hundred times as long as the rest; on the corpus of
// bench it would save 4 bytes a record of the others.
func (w *tableWriter) dict(d dictID) *dictOut {
	packing := segment.Plain
	if d == dictHost {
		packing = w.packing
	}
	o := &dictOut{id: d, strs: index.NewDictWriter(w.seg.Section(sectionDict+uint16(d), packing))}
	if textDict(d) {
		o.text = w.textWriter(d)
	}
	if w.meta.signed {
		o.signs = &w.signs
	}
	if _, nested := d.parent(); nested {
		o.starts = segment.NewIntsWriter(w.seg.Section(sectionStarts+uint16(d), segment.Plain))
	}
	return o
}

// A textWriter takes the strings of a dictionary, each with how many bytes it
// shares with the one before.
type textWriter interface {
	Add(s []byte, shared int)
	Finish() error
}

// textWriter opens the text index of dictionary d. That of a fresh table, which is
// soon merged, is of signatures: they cost an ingest a third as much.
//
// A search of a large domain goes through the users of all others, so that their
// blocks are small; a fresh table has none that large.
func (w *tableWriter) textWriter(d dictID) textWriter {
	section := w.seg.Section(sectionText+uint16(d), segment.Plain)
	switch {
	case !w.meta.signed:
		return index.NewTextSigner(section, textStrings, 4)
	case d == dictUser:
		return index.NewTextWriter(section, textStrings, 5)
	}
	return index.NewTextWriter(section, textStrings, 7)
}

// add appends s below parent, 0 in a flat dictionary, and returns its ordinal.
func (o *dictOut) add(parent uint32, s []byte) uint32 {
	if o.starts != nil {
		o.begin(parent + 1)
	}
	return o.added(o.strs.Add(s), s)
}

// addKept is add for a string that stays as it is until the next one has been
// added.
func (o *dictOut) addKept(parent uint32, s []byte) {
	if o.starts != nil {
		o.begin(parent + 1)
	}
	o.added(o.strs.AddKept(s), s)
}

// added is told that s has been added, and returns its ordinal.
func (o *dictOut) added(n uint32, s []byte) uint32 {
	if o.text != nil {
		o.text.Add(s, o.strs.Shared())
	}
	if o.signs != nil {
		o.signs.add(o.id, s)
	}
	return n
}

func (o *dictOut) begin(parents uint32) {
	for ; o.begun < parents; o.begun++ {
		o.starts.Append(uint64(o.strs.Len()))
	}
}

func (w *tableWriter) finishDict(o *dictOut) error {
	w.meta.dicts[o.id] = o.strs.Len()
	if p, nested := o.id.parent(); nested {
		o.begin(w.meta.dicts[p] + 1)
		if err := o.starts.Finish(); err != nil {
			return err
		}
	}
	if o.text != nil {
		if err := o.text.Finish(); err != nil {
			return err
		}
	}
	return o.strs.Finish()
}

// A machinesOut writes the machines.
type machinesOut struct {
	fields [machineFields]*segment.IntsWriter
	signs  [len(signedFacts)]*segment.IntsWriter // nil of a table without signatures
}

func (w *tableWriter) machines() *machinesOut {
	o := new(machinesOut)
	for f := range o.fields {
		o.fields[f] = segment.NewIntsWriter(w.seg.Section(sectionMachine+uint16(f), segment.Plain))
	}
	if w.meta.signed {
		for i, f := range signedFacts {
			o.signs[i] = segment.NewIntsWriter(w.seg.Section(f.section, segment.Plain))
		}
	}
	w.machineCountry, w.machineStealer = w.machineCountry[:0], w.machineStealer[:0]
	return o
}

// addMachine appends the next tuple and returns its number.
func (w *tableWriter) addMachine(o *machinesOut, t *machineTuple) uint32 {
	for f, v := range t {
		o.fields[f].Append(uint64(v))
	}
	if w.meta.signed {
		for i, f := range signedFacts {
			o.signs[i].Append(w.signs.ofMachine(f.fields, t))
		}
	}
	w.machineCountry = append(w.machineCountry, t[machineCountry])
	w.machineStealer = append(w.machineStealer, t[machineStealer])
	w.meta.machines++
	return w.meta.machines - 1
}

func (w *tableWriter) finishMachines(o *machinesOut) error {
	for _, c := range o.fields {
		if err := c.Finish(); err != nil {
			return err
		}
	}
	for _, c := range o.signs {
		if c == nil {
			continue
		}
		if err := c.Finish(); err != nil {
			return err
		}
	}
	w.signs.machinesDone()
	return nil
}

// beginRows opens the columns of groups and rows; dictionaries and machines
// are complete.
func (w *tableWriter) beginRows() {
	w.rootGroups = w.column(sectionRootGroups)
	w.groupHash = w.fixedColumn(sectionGroupHash, 16)
	w.groupDigest = w.fixedColumn(sectionGroupDigest, 8)
	for _, c := range []struct {
		to **segment.IntsWriter
		id uint16
	}{
		{&w.groupRow, sectionGroupRow}, {&w.groupDomain, sectionGroupDomain},
		{&w.groupUser, sectionGroupUser}, {&w.groupMask, sectionGroupMask},
		{&w.groupPassword, sectionGroupPassword}, {&w.groupSources, sectionGroupSources},
		{&w.rowSeen, sectionRowSeen}, {&w.rowUpload, sectionRowUpload}, {&w.rowLog, sectionRowLog},
		{&w.rowSource, sectionRowSource}, {&w.rowHost, sectionRowHost},
		{&w.rowMachine, sectionRowMachine}, {&w.rowType, sectionRowType},
		{&w.rowSoftware, sectionRowSoftware}, {&w.rowProtocol, sectionRowProtocol},
	} {
		*c.to = w.column(c.id)
	}
	if w.meta.signed {
		w.groupSign = w.column(sectionGroupSign)
	}
	for k := range w.bitmaps {
		values := uint32(Stealer) + 1
		if d, ok := bitmapKind(k).dict(); ok {
			values = w.meta.dicts[d]
		}
		w.bitmaps[k] = index.NewBitmapsBuilder(int(values))
	}
	w.sourceEpoch = resize(w.sourceEpoch, int(w.meta.dicts[dictSource]))
	clear(w.sourceEpoch)
	w.groupBatch.resize(batchGroups)
	w.rowBatch.resize(batchRows)
}

// An outGroup is a group in the ordinals of the new table.
type outGroup struct {
	hash                     hash128
	digest                   uint64
	root, domain, user, mask uint32
	pw                       uint32
	origin                   uint32
}

// An outRow is a row in the ordinals of the new table.
type outRow struct {
	seen, upload, log  uint32
	source, host       uint32
	machine            uint32
	software, protocol uint32
	typ                Type
}

// group begins the next group; its rows follow.
func (w *tableWriter) group(g *outGroup) {
	w.endGroup()
	w.beginRoots(g.root)
	b := &w.groupBatch
	if b.n == batchGroups {
		w.writeGroups(b)
	}
	i := b.n
	b.n++
	b.key(i, g.hash, g.digest)
	b.row[i], b.domain[i], b.user[i] = w.meta.rows, g.domain, g.user
	b.mask[i], b.pw[i], b.origin[i] = g.mask, g.pw, g.origin
	w.latest = orderedGroup{number: w.meta.groups, user: g.user, hash: g.hash.hi}
	w.meta.groups++
	w.open = true
}

// beginRoots notes that no further group belongs to a root before root.
func (w *tableWriter) beginRoots(root uint32) {
	if w.roots <= root && w.orders != nil {
		w.orders.places.beginRoot(root)
	}
	for ; w.roots <= root; w.roots++ {
		w.rootGroups.Append(uint64(w.meta.groups))
	}
}

func (w *tableWriter) endGroup() {
	if w.open {
		w.groupSources.Append(w.sources)
		w.latest.sources = uint32(w.sources)
		w.orders.add(&w.latest)
	}
	w.open, w.sources = false, 0
}

// row appends a row to the open group.
func (w *tableWriter) row(r *outRow) {
	b := &w.rowBatch
	if b.n == batchRows {
		w.flushRows()
	}
	w.latest.last = r.seen // rows of a group ascend
	i := b.n
	b.n++
	b.seen[i], b.upload[i], b.log[i] = r.seen, r.upload, r.log
	b.typ[i], b.source[i], b.host[i], b.machine[i] = uint32(r.typ), r.source, r.host, r.machine
	b.software[i], b.protocol[i] = r.software, r.protocol
	if e := &w.sourceEpoch[r.source]; *e != w.meta.groups {
		*e = w.meta.groups
		w.sources++
	}
	w.meta.rows++
}

// flushRows writes the rows of the batch, which are the last ones so far.
func (w *tableWriter) flushRows() {
	w.rowBatch.machines(w)
	w.writeRows(&w.rowBatch, w.meta.rows-uint32(w.rowBatch.n))
}

// endRows closes the columns of groups and rows and writes the permutations
// and bitmaps. It reports whether some hash may stand below two roots: then
// the driver must write the ordinals, too.
func (w *tableWriter) endRows() (split bool, err error) {
	if w.meta.rows > maxTableRows {
		return false, errTableFull
	}
	w.endGroup()
	w.flushRows()
	w.writeGroups(&w.groupBatch)
	w.signs = signs{} // nobody needs them any more, and they are large
	w.beginRoots(w.meta.dicts[dictRoot])
	w.groupRow.Append(uint64(w.meta.rows))
	if w.orders != nil {
		if split, err = w.orders.write(w); err != nil {
			return split, err
		}
	} else {
		split = w.writeByHash()
		w.writeByUser()
	}
	for k, b := range w.bitmaps {
		if err := b.WriteTo(w.seg.Section(sectionBitmap+uint16(k), segment.Plain)); err != nil {
			return false, err
		}
	}
	w.meta.splitHash, w.meta.ordinals = split, uint64(w.meta.rows)
	return split, w.finishColumns()
}

func (w *tableWriter) finishColumns() error {
	for _, c := range w.columns {
		if err := c.Finish(); err != nil {
			return err
		}
	}
	for _, c := range w.fixed {
		if err := c.Finish(); err != nil {
			return err
		}
	}
	w.columns, w.fixed = w.columns[:0], w.fixed[:0]
	return nil
}

// writeByHash writes the permutation by hash. Groups with equal high halves,
// which are all but always one hash below two roots, count as split.
func (w *tableWriter) writeByHash() (split bool) {
	c := w.column(sectionByHash)
	if w.byHash != nil {
		c.AppendAll(w.byHash)
		return false
	}
	keys := w.order.sort(w.hashes)
	for i := range keys {
		n := w.order.number(keys[i])
		c.Append(uint64(n))
		split = split || i > 0 && w.order.alike(keys[i], keys[i-1]) && w.hashes[n] == w.hashes[w.order.number(keys[i-1])]
	}
	return split
}

// writeByUser writes the permutation by user and where each begins: a counting
// sort.
func (w *tableWriter) writeByUser() {
	users := int(w.meta.dicts[dictUser])
	next := make([]uint32, users+1)
	for _, u := range w.users {
		next[u+1]++
	}
	starts := w.column(sectionUserGroups)
	for u := range users {
		starts.Append(uint64(next[u]))
		next[u+1] += next[u]
	}
	starts.Append(uint64(len(w.users)))
	order := make([]uint32, len(w.users))
	for g, u := range w.users {
		order[next[u]] = uint32(g)
		next[u]++
	}
	w.column(sectionByUser).AppendAll(order)
}

// finish writes the meta and the footer.
func (w *tableWriter) finish() (tableSummary, error) {
	sum, err := w.seg.Finish(w.meta.encode())
	m := &w.meta
	return tableSummary{
		rows: m.rows, groups: m.groups, minSeen: m.minSeen, maxSeen: m.maxSeen,
		splitHash: m.splitHash, segment: sum,
	}, err
}

// An aggregatesOut writes stored aggregates; names ascend. Aggregates are never
// compressed: to decompress a large domain's 64 KiB takes as long as the rest of a
// first answer, and would save 1.4 bytes a record of the corpus of bench.
type aggregatesOut struct {
	names       *index.DictWriter
	place, rows *segment.IntsWriter
	data        *segment.SectionWriter
	chunk       codec.Writer
	chunks      uint64
	one         codec.Writer
	key         []byte
}

func (w *tableWriter) aggregates() *aggregatesOut {
	return &aggregatesOut{
		names: index.NewDictWriter(w.seg.Section(sectionAggName, w.packing)),
		place: segment.NewIntsWriter(w.seg.Section(sectionAggPlace, segment.Plain)),
		rows:  segment.NewIntsWriter(w.seg.Section(sectionAggRows, segment.Plain)),
		data:  w.seg.Section(sectionAggData, segment.Plain),
	}
}
