package leaks

import (
	"cmp"
	"context"
	"slices"

	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/stats"
)

// encodeScratch is what encode needs besides the builder, kept between tables.
// Builders that are not encoded at the same time can share one.
type encodeScratch struct {
	sorter  stringSorter
	ranks   [numDicts]ranking
	order   hashOrder
	machine []uint32 // rank of each machine
	hashes  []uint64
	groups  []uint32 // the builder's groups in the table's order
	starts  []uint32 // by place in groups: the first of the group's rows in rows
	rows    []uint32 // the builder's rows in the table's order
	counts  []uint32
	buf     []byte
	awaited uint64 // what await and awaitStrings loaded
}

// awaitAhead is how many groups, or strings, are asked for at once. What encode
// costs is mostly waiting for memory, as it goes through everything in another
// order than it lies in; places asked for together are waited for once.
const awaitAhead = 16

// awaitStrings asks for the strings that order lists from i on, each time i
// comes to a next run of them.
func (s *encodeScratch) awaitStrings(in *interner, order []uint32, i int) {
	if i%awaitAhead != 0 {
		return
	}
	for _, n := range order[i:min(i+awaitAhead, len(order))] {
		s.awaited ^= uint64(in.arena[in.offs[n]])
	}
}

// await asks for the groups from place on, their rows, and what those refer to.
func (b *tableBuilder) await(place int) {
	if place%awaitAhead != 0 {
		return
	}
	s := b.out
	end := min(place+awaitAhead, len(s.groups))
	rows := s.rows[s.starts[place]:s.starts[end]]
	rows = rows[:min(len(rows), 2*awaitAhead)]
	sum := uint32(0)
	for _, n := range s.groups[place:end] {
		sum ^= b.groups[n].user
	}
	for _, n := range rows {
		sum ^= b.rows[n].host
	}
	users, domains, hosts := s.ranks[dictUser].rank, s.ranks[dictDomain].rank, s.ranks[dictHost].rank
	for _, n := range s.groups[place:end] {
		sum ^= users[b.groups[n].user] ^ domains[b.groups[n].domain]
	}
	for _, n := range rows {
		sum ^= hosts[b.rows[n].host] ^ s.machine[b.rows[n].machine]
	}
	s.awaited ^= uint64(sum)
}

// encode writes the rows as a table. The builder stays as it is.
func (b *tableBuilder) encode(ctx context.Context, seg *segment.Writer) (tableSummary, error) {
	vote := b.vote
	w := newTableWriter(seg, vote.result(), &b.out.order)
	w.meta.ownRoots, w.meta.rootList = b.ownRoots, normalize.RootList()
	if err := b.encodeDicts(ctx, w); err != nil {
		return tableSummary{}, err
	}
	if err := b.encodeMachines(w); err != nil {
		return tableSummary{}, err
	}
	b.orderGroups()
	b.orderRows()
	w.beginRows()
	agg := newAggregator(b, w.meta.dicts[dictSource], w.meta.dicts[dictCountry], w.meta.dicts[dictStealer], min(b.minSeen, b.maxSeen), b.maxSeen)
	aggs := w.aggregates()
	if err := b.encodeRows(ctx, w, agg, aggs); err != nil {
		return tableSummary{}, err
	}
	split, err := w.endRows()
	if err != nil {
		return tableSummary{}, err
	}
	if split {
		c := w.column(sectionRowOrdinal)
		for _, r := range b.out.rows {
			c.Append(uint64(r))
		}
		if err := w.finishColumns(); err != nil {
			return tableSummary{}, err
		}
	}
	if err := b.aggregateMails(ctx, agg, aggs); err != nil {
		return tableSummary{}, err
	}
	if err := w.finishAggregates(aggs); err != nil {
		return tableSummary{}, err
	}
	return w.finish()
}

// encodeDicts ranks and writes the dictionaries.
func (b *tableBuilder) encodeDicts(ctx context.Context, w *tableWriter) error {
	s := b.out
	for d := range numDicts {
		if err := ctx.Err(); err != nil {
			return err
		}
		in, rank := b.dicts[d], &s.ranks[d]
		out := w.dict(d)
		p, nested := d.parent()
		switch {
		case !nested:
			rank.rankFlat(in, &s.sorter)
			for i, n := range rank.order {
				s.awaitStrings(in, rank.order, i)
				out.add(0, in.at(n))
			}
		case d == dictUser:
			// Twice as many keys as mail domains: raw users before bare ones.
			parents := s.ranks[p].rank
			rank.rankNested(in, &s.sorter, 2*len(parents), func(n uint32) uint32 {
				return parents[n>>1]<<1 | n&1
			})
			for i, n := range rank.order {
				s.awaitStrings(in, rank.order, i)
				str, parent := in.at(n), in.parent(n)
				if parent&1 == 0 {
					s.buf = append(append(s.buf[:0], rawUser), str...)
					str = s.buf
				}
				out.add(parents[parent>>1], str)
			}
		default:
			parents := s.ranks[p].rank
			rank.rankNested(in, &s.sorter, len(parents), func(n uint32) uint32 { return parents[n] })
			for i, n := range rank.order {
				s.awaitStrings(in, rank.order, i)
				out.add(parents[in.parent(n)], in.at(n))
			}
		}
		if err := w.finishDict(out); err != nil {
			return err
		}
	}
	return nil
}

// encodeMachines brings the machines' facts into the order of the ranked
// dictionaries, sorts and writes them.
func (b *tableBuilder) encodeMachines(w *tableWriter) error {
	s := b.out
	type numbered struct {
		tuple machineTuple
		n     uint32
	}
	all := make([]numbered, len(b.tuples))
	for i, t := range b.tuples {
		for f := range t {
			t[f] = s.ranks[machineField(f).dict()].rank[t[f]]
		}
		all[i] = numbered{t, uint32(i)}
	}
	slices.SortFunc(all, func(a, b numbered) int { return slices.Compare(a.tuple[:], b.tuple[:]) })
	out := w.machines()
	s.machine = resize(s.machine, len(all))
	for i := range all {
		s.machine[all[i].n] = w.addMachine(out, &all[i].tuple)
	}
	return w.finishMachines(out)
}

// orderGroups sorts the groups by (root, hash): first all by hash, then, with
// a sort that keeps that order, by root.
func (b *tableBuilder) orderGroups() {
	s := b.out
	s.hashes = resize(s.hashes, len(b.groups))
	roots := s.ranks[dictRoot].rank
	s.counts = resize(s.counts, len(roots)+1)
	clear(s.counts)
	for i := range b.groups {
		s.hashes[i] = b.groups[i].hash.hi
		s.counts[roots[b.groups[i].root]+1]++
	}
	for i := range roots {
		s.counts[i+1] += s.counts[i]
	}
	s.groups = resize(s.groups, len(b.groups))
	for _, k := range s.order.sort(s.hashes) {
		n := s.order.number(k)
		at := &s.counts[roots[b.groups[n].root]]
		s.groups[*at] = n
		*at++
	}
	// The low halves have not been looked at. Runs of equal high ones are next
	// to impossible, and one group long in all real data.
	for lo := 0; lo < len(s.groups); {
		first, hi := &b.groups[s.groups[lo]], lo+1
		for hi < len(s.groups) && b.groups[s.groups[hi]].hash.hi == first.hash.hi && b.groups[s.groups[hi]].root == first.root {
			hi++
		}
		if hi-lo > 1 {
			slices.SortFunc(s.groups[lo:hi], func(x, y uint32) int {
				return cmp.Compare(b.groups[x].hash.lo, b.groups[y].hash.lo)
			})
		}
		lo = hi
	}
}

// orderRows sorts the rows by (group, seen, arrival).
func (b *tableBuilder) orderRows() {
	s := b.out
	s.starts = resize(s.starts, len(b.groups)+1)
	s.counts = resize(s.counts, len(b.groups)) // by the builder's number: where its next row goes
	sum := uint32(0)
	for place, g := range s.groups {
		s.starts[place], s.counts[g] = sum, sum
		sum += b.groups[g].rows
	}
	s.starts[len(s.groups)] = sum
	s.rows = resize(s.rows, len(b.rows))
	for i := range b.rows {
		at := &s.counts[b.rows[i].group]
		s.rows[*at] = uint32(i)
		*at++
	}
	bySeen := func(x, y uint32) int { return cmp.Compare(b.rows[x].seen, b.rows[y].seen) }
	for place := range s.groups {
		if run := s.rows[s.starts[place]:s.starts[place+1]]; len(run) > 1 && !slices.IsSortedFunc(run, bySeen) {
			slices.SortStableFunc(run, bySeen)
		}
	}
}

// outGroup translates a group into the table's ordinals.
func (b *tableBuilder) outGroup(n uint32) outGroup {
	g, ranks := &b.groups[n], &b.out.ranks
	return outGroup{
		hash: g.hash, digest: g.digest, pw: g.pw,
		root:   ranks[dictRoot].rank[g.root],
		domain: ranks[dictDomain].rank[g.domain],
		user:   ranks[dictUser].rank[g.user],
		mask:   ranks[dictMask].rank[g.mask],
	}
}

// encodeRows writes groups and rows, and the aggregates of heavy roots while
// their rows are at hand.
func (b *tableBuilder) encodeRows(ctx context.Context, w *tableWriter, agg *aggregator, aggs *aggregatesOut) error {
	s := b.out
	for lo := 0; lo < len(s.groups); {
		if err := ctx.Err(); err != nil {
			return err
		}
		root := b.groups[s.groups[lo]].root
		hi := lo + 1
		for hi < len(s.groups) && b.groups[s.groups[hi]].root == root {
			hi++
		}
		rows := uint64(s.starts[hi] - s.starts[lo])
		name := b.dicts[dictRoot].at(root)
		heavy := len(name) > 0 && rows >= aggregateRows
		if heavy {
			agg.begin(RootDomain, new(stats.Aggregate))
		}
		for place := lo; place < hi; place++ {
			b.await(place)
			b.encodeGroup(w, place)
			if heavy {
				b.aggregateGroup(agg, place)
			}
		}
		if heavy {
			if err := aggs.add(RootDomain, name, rows, false, agg.finish()); err != nil {
				return err
			}
		}
		lo = hi
	}
	return nil
}

// encodeGroup writes the group at a place, and its rows.
func (b *tableBuilder) encodeGroup(w *tableWriter, place int) {
	s := b.out
	g := b.outGroup(s.groups[place])
	w.group(&g)
	for _, i := range s.rows[s.starts[place]:s.starts[place+1]] {
		r := &b.rows[i]
		w.row(&outRow{
			seen: r.seen, upload: r.upload, log: r.log, typ: r.typ,
			source:   s.ranks[dictSource].rank[r.source],
			host:     s.ranks[dictHost].rank[r.host],
			machine:  s.machine[r.machine],
			software: s.ranks[dictSoftware].rank[r.software],
			protocol: s.ranks[dictProtocol].rank[r.protocol],
		})
	}
}

// aggregateMails writes the aggregates of heavy e-mail domains, whose groups lie
// scattered.
func (b *tableBuilder) aggregateMails(ctx context.Context, agg *aggregator, out *aggregatesOut) error {
	s := b.out
	mails := b.dicts[dictMail]
	rows := make([]uint64, mails.len())
	for i := range b.groups {
		rows[b.groups[i].mail] += uint64(b.groups[i].rows)
	}
	heavy := map[uint32][]uint32{} // by mail domain the places of its groups
	for n, r := range rows {
		if len(mails.at(uint32(n))) > 0 && r >= aggregateRows {
			heavy[uint32(n)] = nil
		}
	}
	if len(heavy) == 0 {
		return nil
	}
	for place, n := range s.groups {
		if mail := b.groups[n].mail; rows[mail] >= aggregateRows {
			if places, ok := heavy[mail]; ok {
				heavy[mail] = append(places, uint32(place))
			}
		}
	}
	for _, mail := range s.ranks[dictMail].order {
		places, ok := heavy[mail]
		if !ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		agg.begin(EmailDomain, new(stats.Aggregate))
		for _, place := range places {
			b.aggregateGroup(agg, int(place))
		}
		if err := out.add(EmailDomain, mails.at(mail), rows[mail], false, agg.finish()); err != nil {
			return err
		}
	}
	return nil
}

// aggregateGroup hands a group and its rows to agg; it counts by the builder's
// own numbers.
func (b *tableBuilder) aggregateGroup(agg *aggregator, place int) {
	s := b.out
	g := &b.groups[s.groups[place]]
	agg.group(g.hash, g.pw&1 != 0, g.digest, g.user, g.root)
	for _, i := range s.rows[s.starts[place]:s.starts[place+1]] {
		r := &b.rows[i]
		m := &b.tuples[r.machine]
		agg.row(r.typ, r.seen, r.source, m[machineCountry], m[machineStealer])
	}
}

// The builder's numbers as an aggregator's names.

func (b *tableBuilder) aggName(d dictID, n uint32) []byte { return b.dicts[d].at(n) }

func (b *tableBuilder) aggUserMail(user uint32) uint32 { return b.dicts[dictUser].parent(user) >> 1 }

func (b *tableBuilder) aggUserHash(user uint32) uint64 {
	in := b.dicts[dictUser]
	if in.parent(user)&1 == 0 {
		if str := in.at(user); len(str) > 0 {
			return stats.Hash(str)
		}
		return 0
	}
	b.out.buf = append(append(b.out.buf[:0], in.at(user)...), '@')
	b.out.buf = append(b.out.buf, b.dicts[dictMail].at(in.parent(user)>>1)...)
	return stats.Hash(b.out.buf)
}
