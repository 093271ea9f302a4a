package leaks

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/leakscope/leakscope/stats"
)

// heavyScratch holds what the aggregates of heavy domains are made of while a
// table is encoded. A root's groups and rows come together. Those of an e-mail
// domain lie scattered, so they are put aside as they pass, each domain's in
// one run: its aggregate then reads memory front to back.
type heavyScratch struct {
	slots []int32 // by the builder's mail domain: its place in mails, or -1
	mails []heavyMail

	facts     []rowFacts32
	leaks     []uint64 // hashes in sketches
	passwords []uint64
	inverse   []uint64 // of the roots

	// By rank of a user and by the builder's mail domain, the root that had it
	// last, counted from 1.
	userRoot, mailRoot []uint32
	root               uint32
}

// A heavyMail is an e-mail domain that gets an aggregate. Its runs begin at
// from; the other numbers are where they end so far.
type heavyMail struct {
	number                    uint32
	from, facts               uint32
	leaks, passwords, inverse uint32
}

// rowFacts32 is what an aggregate counts of a row, in ordinals of the table.
type rowFacts32 struct {
	seen, source, country, stealer uint32
	typ                            Type
}

// findHeavy finds the heavy e-mail domains and makes room for them.
func (b *tableBuilder) findHeavy() *heavyScratch {
	h := &b.out.heavy
	names := b.dicts[dictMail]
	rows := make([]uint64, names.len())
	for i := range b.rows {
		rows[b.rows[i].mail]++
	}
	h.slots, h.mails = resize(h.slots, names.len()), h.mails[:0]
	facts := uint32(0)
	for _, n := range b.out.ranks[dictMail].order {
		h.slots[n] = -1
		if len(names.at(n)) == 0 || rows[n] < freshAggregates*aggregateRows {
			continue
		}
		h.slots[n] = int32(len(h.mails))
		h.mails = append(h.mails, heavyMail{
			number: n, from: facts, facts: facts,
			leaks: facts, passwords: facts, inverse: facts,
		})
		facts += uint32(rows[n])
	}
	h.facts = resize(h.facts, int(facts))
	h.leaks, h.passwords, h.inverse = resize(h.leaks, int(facts)), resize(h.passwords, int(facts)), resize(h.inverse, int(facts))
	h.userRoot, h.mailRoot, h.root = resize(h.userRoot, b.dicts[dictUser].len()), resize(h.mailRoot, names.len()), 0
	clear(h.userRoot)
	clear(h.mailRoot)
	return h
}

// of returns the heavy e-mail domain of the builder's number, nil if it is not.
func (h *heavyScratch) of(mail uint32) *heavyMail {
	if i := h.slots[mail]; i >= 0 {
		return &h.mails[i]
	}
	return nil
}

// addGroup puts a group aside. The hash of its root is 0 if that is empty;
// groups come root by root.
func (h *heavyScratch) addGroup(m *heavyMail, leak, password uint64, pw uint32, root uint64) {
	h.leaks[m.leaks] = leak
	m.leaks++
	if pw&1 != 0 {
		h.passwords[m.passwords] = password
		m.passwords++
	}
	if root != 0 && (m.inverse == m.from || h.inverse[m.inverse-1] != root) {
		h.inverse[m.inverse] = root
		m.inverse++
	}
}

// addRows puts the rows of the group aside, from lo to hi in the batch.
func (h *heavyScratch) addRows(m *heavyMail, rows *rowBatch, lo, hi int) {
	for i := lo; i < hi; i++ {
		h.facts[m.facts] = rowFacts32{
			seen: rows.seen[i], source: rows.source[i], typ: Type(rows.typ[i]),
			country: rows.country[i], stealer: rows.stealer[i],
		}
		m.facts++
	}
}

// beginRoot begins the users of a heavy root.
func (h *heavyScratch) beginRoot() { h.root++ }

// countUser adds the user of a group, and its mail domain, to the aggregate of
// the root, each once.
func (b *tableBuilder) countUser(agg *aggregator, h *heavyScratch, g *builtRow, user uint32) {
	if h.userRoot[user] == h.root {
		return
	}
	h.userRoot[user] = h.root
	if hash := b.out.userHash[user]; hash != 0 {
		agg.userHashes = append(agg.userHashes, hash)
	}
	if h.mailRoot[g.mail] != h.root {
		h.mailRoot[g.mail] = h.root
		if name := b.dicts[dictMail].at(g.mail); len(name) > 0 {
			agg.inverseHashes = append(agg.inverseHashes, stats.Hash(name))
		}
	}
}

// sketchHashes returns the hashes of a group's credential and password in
// sketches.
func sketchHashes(g *builtRow) (leak, password uint64) {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], g.hash.hi)
	binary.BigEndian.PutUint64(b[8:], g.hash.lo)
	leak = stats.Hash(b[:])
	if g.pw&1 != 0 {
		binary.LittleEndian.PutUint64(b[:8], g.digest)
		password = stats.Hash(b[:8])
	}
	return leak, password
}

// aggregateMails writes the aggregates of heavy e-mail domains, from what
// encodeRows has put aside.
func (b *tableBuilder) aggregateMails(ctx context.Context, w *tableWriter, h *heavyScratch, out *aggregatesOut) error {
	if len(h.mails) == 0 {
		return nil
	}
	s := b.out
	agg := b.newAggregator(w)
	for i := range h.mails {
		if err := ctx.Err(); err != nil {
			return err
		}
		m := &h.mails[i]
		agg.begin(EmailDomain, new(stats.Aggregate))
		for j := range h.facts[m.from:m.facts] {
			f := &h.facts[m.from:m.facts][j]
			agg.row(f.typ, f.seen, f.source, f.country, f.stealer)
		}
		rank := s.ranks[dictMail].rank[m.number]
		users := s.userHash[s.mailUsers[rank]:s.mailUsers[rank+1]] // each is of some group
		if users[0] == 0 {
			users = users[1:] // the empty name
		}
		agg.agg.Usernames.AddMany(users)
		agg.agg.Leaks.AddMany(h.leaks[m.from:m.leaks])
		agg.agg.Passwords.AddMany(h.passwords[m.from:m.passwords])
		agg.agg.Inverse.AddMany(h.inverse[m.from:m.inverse])
		name := b.dicts[dictMail].at(m.number)
		if err := out.add(EmailDomain, name, uint64(m.facts-m.from), false, agg.finish()); err != nil {
			return err
		}
	}
	return nil
}

// newAggregator returns an aggregator that counts by the table's ordinals.
func (b *tableBuilder) newAggregator(w *tableWriter) *aggregator {
	d := &w.meta.dicts
	return newAggregator(rankedNames{b}, d[dictSource], d[dictCountry], d[dictStealer], min(b.minSeen, b.maxSeen), b.maxSeen)
}

// rankedNames are a builder's strings by the table's ordinals, as an
// aggregator's names. Of users it is never asked: their hashes are at hand.
type rankedNames struct{ b *tableBuilder }

func (n rankedNames) aggName(d dictID, ord uint32) []byte {
	return n.b.dicts[d].at(n.b.out.ranks[d].order[ord])
}

func (n rankedNames) aggUserMail(user uint32) uint32 {
	mail, _ := slices.BinarySearch(n.b.out.mailUsers, user+1)
	return uint32(mail - 1)
}

func (n rankedNames) aggUserHash(user uint32) uint64 { return n.b.out.userHash[user] }
