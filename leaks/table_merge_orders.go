package leaks

import (
	"encoding/binary"
)

// A merge writes its groups by root and hash, and afterwards the two permutations:
// by hash alone, and by user, and with them the lists of first places. For these it
// puts aside of each group what orders it, in parts by the top bits of its hash and
// by ranges of users, and then sorts part by part: the memory of that does not grow
// with the table, and a part fits into the processor's caches.

// A mergeOrders puts aside and writes.
type mergeOrders struct {
	byHash *spill // of each group: high half of its hash, number
	byUser *spill // and: user, number, high half, figures

	part   userParts
	places *placesOut
}

const (
	orderHashBytes = 8 + 4
	orderUserBytes = 4 + 4 + 8 + 8
)

// orderGroups is how many groups of users are put into order at a time. Tests lower
// it.
var orderGroups uint32 = 1 << 18

// A userParts tells the part of a user: parts are ranges of as many users.
type userParts struct{ users, each uint32 }

func newUserParts(users uint32) userParts {
	return userParts{users, max(users/spillParts+1, 1)}
}

func (p userParts) of(user uint32) int { return int(user / p.each) }

// span returns the users of a part.
func (p userParts) span(part int) span {
	lo := min(uint64(part)*uint64(p.each), uint64(p.users))
	return span{uint32(lo), uint32(min(lo+uint64(p.each), uint64(p.users)))}
}

// keepOrders makes w put aside what orders groups, and write lists of first places;
// beginRows follows. userMail is the mail domain of each user; they ascend.
func (w *tableWriter) keepOrders(userMail []uint32, scratch func() (scratchFile, error)) {
	w.orders = &mergeOrders{
		byHash: newSpill(orderHashBytes, scratch), byUser: newSpill(orderUserBytes, scratch),
		part: newUserParts(w.meta.dicts[dictUser]), places: &placesOut{w: w, userMail: userMail},
	}
}

// close gives up what was put aside.
func (o *mergeOrders) close() {
	if o != nil {
		o.byHash.close()
		o.byUser.close()
	}
}

// add takes a group that is complete. Groups come in order.
func (o *mergeOrders) add(g *orderedGroup) {
	b := o.byHash.add(int(g.hash >> spillShift))
	binary.LittleEndian.PutUint64(b, g.hash)
	binary.LittleEndian.PutUint32(b[8:], g.number)
	b = o.byUser.add(o.part.of(g.user))
	binary.LittleEndian.PutUint32(b, g.user)
	binary.LittleEndian.PutUint32(b[4:], g.number)
	binary.LittleEndian.PutUint64(b[8:], g.hash)
	binary.LittleEndian.PutUint32(b[16:], g.sources)
	binary.LittleEndian.PutUint32(b[20:], g.last)
	o.places.rootGroup(g)
}

// An orderedGroup is a group and what orders it.
type orderedGroup struct {
	number, user  uint32
	hash          uint64 // the high half
	sources, last uint32
}

// read fills g from a record of byUser.
func (g *orderedGroup) read(b []byte) {
	g.user, g.number = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	g.hash = binary.LittleEndian.Uint64(b[8:])
	g.sources, g.last = binary.LittleEndian.Uint32(b[16:]), binary.LittleEndian.Uint32(b[20:])
}

// write writes both permutations and the lists. split is as of endRows.
func (o *mergeOrders) write(w *tableWriter) (split bool, err error) {
	o.places.endRoot()
	if split, err = o.writeByHash(w); err != nil {
		return split, err
	}
	if err := o.writeByUser(w, !split); err != nil {
		return split, err
	}
	return split, o.places.finish()
}

func (o *mergeOrders) writeByHash(w *tableWriter) (split bool, err error) {
	c := w.column(sectionByHash)
	var (
		order  hashOrder
		hashes []uint64 // without the bits that all of the part share
		groups []uint32
	)
	for part := range spillParts {
		hashes, groups = hashes[:0], groups[:0]
		err := o.byHash.each(part, func(records []byte) {
			for ; len(records) >= orderHashBytes; records = records[orderHashBytes:] {
				hashes = append(hashes, binary.LittleEndian.Uint64(records)<<(64-spillShift))
				groups = append(groups, binary.LittleEndian.Uint32(records[8:]))
			}
		})
		if err != nil {
			return false, err
		}
		o.byHash.drop(part)
		keys := order.sort(hashes)
		for i, k := range keys {
			n := order.number(k)
			c.Append(uint64(groups[n]))
			split = split || i > 0 && order.alike(k, keys[i-1]) && hashes[n] == hashes[order.number(keys[i-1])]
		}
	}
	return split, nil
}

// writeByUser writes the permutation by user and where each begins, and, with lists,
// those of mail domains.
func (o *mergeOrders) writeByUser(w *tableWriter, lists bool) error {
	u := &userOrder{o: o, starts: w.column(sectionUserGroups), order: w.column(sectionByUser), lists: lists}
	u.starts.Append(0)
	for part := range spillParts {
		if err := u.part(part); err != nil {
			return err
		}
		o.byUser.drop(part)
	}
	if lists {
		o.places.endMail()
	}
	return nil
}

// A userOrder writes the permutation by user, a part at a time.
type userOrder struct {
	o             *mergeOrders
	starts, order appender
	lists         bool

	written uint64
	ends    []uint32 // by user of the part: groups, then where those before it end
	groups  []orderedGroup
}

type appender interface{ Append(v uint64) }

func (u *userOrder) part(part int) error {
	users := u.o.part.span(part)
	n := users.hi - users.lo
	u.ends = resize(u.ends, int(n))
	clear(u.ends)
	err := u.o.byUser.each(part, func(records []byte) {
		for ; len(records) >= orderUserBytes; records = records[orderUserBytes:] {
			u.ends[binary.LittleEndian.Uint32(records)-users.lo]++
		}
	})
	if err != nil {
		return err
	}
	for lo := uint32(0); lo < n; {
		hi, sum := lo+1, u.ends[lo]
		for hi < n && sum+u.ends[hi] <= orderGroups {
			sum += u.ends[hi]
			hi++
		}
		for _, groups := range u.ends[lo:hi] {
			u.written += uint64(groups)
			u.starts.Append(u.written)
		}
		if err := u.some(part, span{users.lo + lo, users.lo + hi}, sum); err != nil {
			return err
		}
		lo = hi
	}
	return nil
}

// some writes the groups of some users of a part, which are n together. Those of one
// user alone, who may have very many, come in their order.
func (u *userOrder) some(part int, users span, n uint32) error {
	first := u.o.part.span(part).lo
	alone := users.hi-users.lo == 1
	if !alone {
		u.groups = resize(u.groups, int(n))
		at := uint32(0)
		for i := users.lo - first; i < users.hi-first; i++ {
			u.ends[i], at = at, at+u.ends[i]
		}
	}
	err := u.o.byUser.each(part, func(records []byte) {
		var g orderedGroup
		for ; len(records) >= orderUserBytes; records = records[orderUserBytes:] {
			user := binary.LittleEndian.Uint32(records)
			if user-users.lo >= users.hi-users.lo {
				continue
			}
			if g.read(records); alone {
				u.put(&g)
				continue
			}
			at := &u.ends[user-first]
			u.groups[*at] = g
			*at++
		}
	})
	if alone || err != nil {
		return err
	}
	for i := range u.groups {
		u.put(&u.groups[i])
	}
	return nil
}

func (u *userOrder) put(g *orderedGroup) {
	u.order.Append(uint64(g.number))
	if u.lists {
		u.o.places.mailGroup(g)
	}
}
