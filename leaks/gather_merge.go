package leaks

import (
	"cmp"
	"context"
	"slices"
)

// roundGroups is about how many groups a round of a merge takes, all tables
// together: so many that what is done once a round does not count, so few that
// its slots stay in the processor's nearest cache. Tests lower it.
var roundGroups = 2048

// A weave brings the parts of each credential together that stand in several
// tables, each sorted by (root domain, hash). It goes in rounds. A round takes
// from every stream its next groups up to one key, the same for all, so that a
// credential is in it with all its parts or with none; the parts then find each
// other by hash in a small table of slots. That takes some five nanoseconds a
// group however many tables there are, where finding the least of all streams
// again for each credential took ten for each of them.
type weave struct {
	*gatherer
	streams []*stream // those that are not at their end, oldest table first
	whole   bool      // one round takes everything: keys need not be in order
	slots   []slot
	shared  []sharing
	nodes   []node // of what shared lists
	parts   []part // of one credential

	// Of credentials in several tables of which every row is selected, those
	// that may be among the first are looked at many together, the most
	// promising first: that leaves little to look at.
	promising []promise
	held      []part // of the promising
}

// A slot names a group of the round: the high half of its hash's high half, the
// stream plus 1, and the place in the stream's block. 0 is free.
type slot uint64

const slotAtBits = 16

func slotOf(hash uint64, stream, at int) slot {
	return slot(hash&^(1<<32-1) | uint64(stream+1)<<slotAtBits | uint64(at))
}

func (s slot) stream() int { return int(uint32(s)>>slotAtBits) - 1 }
func (s slot) at() int     { return int(s & (1<<slotAtBits - 1)) }

// A sharing is a credential that several tables share: its first and last node.
type sharing struct {
	first, last int32
	most        bound
}

// A node is a group: at place at of a stream's block.
type node struct {
	stream, at int32
	next       int32 // 0 ends
}

// A promise is a credential of several tables that may be among the first.
type promise struct {
	lead  uint32 // its bound
	parts uint32 // how many
	at    uint32 // of held
}

// maxPromising is how many of them are kept before the best of them are looked
// at, which rules most others out. Tests lower it.
var maxPromising = 512

// merge: several tables, each sorted by (root domain, hash). With oneRoot, all
// groups are below the same root.
func (g *gatherer) merge(ctx context.Context, oneRoot bool) error {
	w, more := &weave{gatherer: g}, false
	for ti, sel := range g.sels {
		if sel == nil {
			continue
		}
		st := newStream(uint16(ti), sel, g.rank)
		defer st.release()
		st.keyed = true
		if st.fill() {
			w.streams = append(w.streams, st)
			more = more || !st.left.empty()
		}
	}
	w.whole = !more
	if more && !oneRoot {
		ranks, err := g.snap.rootRanks(ctx)
		if err != nil {
			return err
		}
		for _, st := range w.streams {
			st.rankOf = ranks[st.table]
			st.loadRanks()
		}
	}
	for len(w.streams) > 0 {
		work := w.round(ctx)
		if err := g.poll(ctx, work); err != nil {
			return err
		}
	}
	return w.keepPromises(ctx)
}

// round takes the next groups of all streams. It returns how much work that was.
func (w *weave) round(ctx context.Context) (work int) {
	n := w.cut()
	w.slots = slices.Grow(w.slots[:0], slotsFor(n))[:slotsFor(n)]
	clear(w.slots)
	w.shared, w.nodes = w.shared[:0], append(w.nodes[:0], node{})
	for i, st := range w.streams {
		w.enter(i, st)
	}
	for _, st := range w.streams {
		work += w.alone(ctx, st)
	}
	for i := range w.shared {
		work += w.together(ctx, &w.shared[i])
	}
	kept := w.streams[:0]
	for _, st := range w.streams {
		if st.at = st.to; st.at < len(st.groups) || st.fill() {
			work += st.work
			kept = append(kept, st)
		}
	}
	w.streams = kept
	return work + n
}

// slotsFor returns how many slots n groups take: a power of two, at most half of
// it taken.
func slotsFor(n int) int {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return size
}

// cut decides how far the round goes, and sets each stream's to there. It
// returns how many groups that are.
func (w *weave) cut() int {
	step := max(roundGroups/len(w.streams), 1)
	var (
		limit groupKey
		open  = true // everything that is left
	)
	for _, st := range w.streams {
		if w.whole {
			break
		}
		end := min(st.at+step, len(st.groups))
		if end == len(st.groups) && st.left.empty() {
			continue
		}
		if k := st.key(end - 1); open || k.less(&limit) {
			limit, open = k, false
		}
	}
	n := 0
	for _, st := range w.streams {
		st.to = len(st.groups)
		if !open {
			st.to = st.after(&limit)
		}
		n += st.to - st.at
	}
	if n > 0 {
		return n
	}
	// Only corrupt columns get here, in which keys descend.
	for _, st := range w.streams {
		st.to = len(st.groups)
		n += st.to - st.at
	}
	return n
}

// enter puts the groups of one stream into the slots. Streams enter from the
// oldest to the newest.
func (w *weave) enter(i int, st *stream) {
	mask := uint64(len(w.slots) - 1)
	clear(st.shared[st.at:st.to])
	for at := st.at; at < st.to; at++ {
		hash := st.hashes[at].hi
		for place := hash & mask; ; place = (place + 1) & mask {
			s := w.slots[place]
			if s == 0 {
				w.slots[place] = slotOf(hash, i, at)
				break
			}
			if uint64(s)>>32 == hash>>32 {
				if o := w.streams[s.stream()]; o.hashes[s.at()] == st.hashes[at] {
					w.share(s.stream(), s.at(), i, at)
					break
				}
			}
		}
	}
}

// share notes that group at of stream i is another part of the credential that group
// first of stream of begins.
func (w *weave) share(of, first, i, at int) {
	o, st := w.streams[of], w.streams[i]
	n := o.shared[first]
	if n == 0 {
		sh := sharing{first: int32(len(w.nodes)), last: int32(len(w.nodes))}
		w.nodes = append(w.nodes, node{stream: int32(of), at: int32(first)})
		sh.most.add(o, first)
		w.shared = append(w.shared, sh)
		n = uint32(len(w.shared))
		o.shared[first] = n
	}
	st.shared[at] = n
	sh := &w.shared[n-1]
	w.nodes[sh.last].next = int32(len(w.nodes))
	sh.last = int32(len(w.nodes))
	w.nodes = append(w.nodes, node{stream: int32(i), at: int32(at)})
	sh.most.add(st, at)
}

// alone takes the credentials that stand in one table only.
func (w *weave) alone(ctx context.Context, st *stream) (work int) {
	if !st.sel.every {
		for at := st.at; at < st.to; at++ {
			switch {
			case st.shared[at] != 0:
			case st.sel.wholly(st.groups[at]):
				w.one(st, at)
				work++
			case st.bounded():
				w.parts = append(w.parts[:0], part{})
				work += w.partlyOne(ctx, st, at, w.parts)
			default:
				w.parts = append(w.parts[:0], part{st.table, st.groups[at]})
				w.combine(ctx, w.parts)
				work += 8
			}
		}
		return work
	}
	if lead := st.leading(); lead != nil && w.rank.minSources <= 1 && w.rank.after == nil {
		// Nearly all are ruled out by their leading figure: they are counted.
		least, _ := w.rank.leads()
		passed := 0
		for at := st.at; at < st.to; at++ {
			if st.shared[at] != 0 {
				continue
			}
			if lead[at] < least {
				passed++
				continue
			}
			w.one(st, at)
			least, _ = w.rank.leads()
		}
		w.rank.total += passed
		return 0
	}
	for at := st.at; at < st.to; at++ {
		if st.shared[at] == 0 {
			w.one(st, at)
		}
	}
	return 0
}

// one takes a group that is a whole credential.
func (w *weave) one(st *stream, at int) {
	if sources, last := st.figures.at(at); w.rank.offer(sources, last) {
		w.addWhole(st, at, st.hashes[at], sources, last)
	}
}

// together takes a credential that stands in several tables.
func (w *weave) together(ctx context.Context, sh *sharing) (work int) {
	if sh.most.ruledOut(w.rank) {
		return 0
	}
	if sh.most.partly {
		if n := w.partlyRuledOut(sh); n > 0 {
			return n
		}
	}
	w.parts = w.parts[:0]
	for n := sh.first; n != 0; n = w.nodes[n].next {
		st := w.streams[w.nodes[n].stream]
		w.parts = append(w.parts, part{st.table, st.groups[w.nodes[n].at]})
	}
	if sh.most.partly || w.rank.minSources > 1 {
		w.combine(ctx, w.parts)
		return 8 * len(w.parts)
	}
	w.promising = append(w.promising, promise{sh.most.lead, uint32(len(w.parts)), uint32(len(w.held))})
	w.held = append(w.held, w.parts...)
	if len(w.promising) < maxPromising {
		return len(w.parts)
	}
	// An error of ctx is met by the next poll.
	_ = w.keepPromises(ctx)
	return pollRows
}

// partlyRuledOut reports whether a credential of several tables, some rows of which
// are not selected, is not among the first, by how much work that was, and counts it
// then; 0 means that it may be.
func (w *weave) partlyRuledOut(sh *sharing) (work int) {
	var (
		last, most uint32
		found      bool
	)
	for n := sh.first; n != 0; n = w.nodes[n].next {
		st, at := w.streams[w.nodes[n].stream], int(w.nodes[n].at)
		work++
		switch {
		case st.sel.wholly(st.groups[at]):
			last, most, found = max(last, st.lastOf(at)), most+st.sourcesOf(at), true
		case st.bounded():
			if seen, rows, ok := st.partlyBound(at); ok {
				// No group has more sources than rows.
				if rows > 1 && w.rank.boundedBy() {
					rows = st.partlySources(at)
				}
				last, most, found = max(last, seen), most+rows, true
			}
		default:
			return 0
		}
	}
	switch {
	case !found:
		return work
	case w.rank.boundedBy() && w.rank.key(most, last) < w.rank.floor:
		w.rank.total++ // it stands behind everything kept, and so behind after
		return work
	}
	return 0
}

// keepPromises looks at the rows of those that may be among the first.
func (w *weave) keepPromises(ctx context.Context) error {
	slices.SortFunc(w.promising, func(a, b promise) int {
		return cmp.Or(cmp.Compare(b.lead, a.lead), cmp.Compare(a.at, b.at))
	})
	for _, p := range w.promising {
		if (bound{lead: p.lead}).ruledOut(w.rank) {
			continue
		}
		w.combine(ctx, w.held[p.at:p.at+p.parts])
		if err := w.poll(ctx, 8*int(p.parts)); err != nil {
			return err
		}
	}
	w.promising, w.held = w.promising[:0], w.held[:0]
	return nil
}

// A bound limits the leading figure of a credential by those of its groups, so
// that most of those that stand in several tables need no look at their rows.
type bound struct {
	lead   uint32
	partly bool // not every row of some group is selected
}

// add takes group at of a stream's block.
func (b *bound) add(st *stream, at int) {
	switch {
	case !st.sel.wholly(st.groups[at]):
		b.partly = true
	case st.rank.byLast:
		b.lead = max(b.lead, st.lastOf(at))
	default:
		b.lead += st.sourcesOf(at)
	}
}

// ruledOut reports whether the credential is not among the first, and counts
// it then.
func (b bound) ruledOut(rk *ranker) bool {
	if b.partly || rk.minSources > 1 || b.lead >= uint32(rk.floor>>32) {
		return false
	}
	rk.total++ // it stands behind everything kept, and so behind after
	return true
}
