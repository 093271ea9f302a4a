package leaks

import (
	"context"

	"github.com/leakscope/leakscope/stats"
)

// The dictionaries in two halves that know nothing of each other, parents first.
// They are about as long to write: hosts are many, and so is everything else.
var dictHalves = [2][]dictID{
	{dictRoot, dictDomain, dictHost},
	{
		dictMail, dictUser, dictMask, dictSource, dictSoftware, dictProtocol, dictMachineID,
		dictHWID, dictComputer, dictMUser, dictIP, dictCountry, dictStealer,
	},
}

// encodeDicts ranks and writes the dictionaries.
func (b *tableBuilder) encodeDicts(ctx context.Context, w *tableWriter, parallel bool) error {
	s := &b.out.sorters
	return together(parallel,
		func() error { return b.encodeSome(ctx, w, &s[0], dictHalves[0]) },
		func() error { return b.encodeSome(ctx, w, &s[1], dictHalves[1]) })
}

// encodeSome ranks and writes some dictionaries, parents first.
func (b *tableBuilder) encodeSome(ctx context.Context, w *tableWriter, sorter *stringSorter, dicts []dictID) error {
	s := b.out
	for _, d := range dicts {
		if err := ctx.Err(); err != nil {
			return err
		}
		in, rank := b.dicts[d], &s.ranks[d]
		out := w.dict(d)
		p, nested := d.parent()
		switch {
		case d == dictRoot:
			s.rootHash = s.rootHash[:0]
			rank.flat(in, sorter, func(_ uint32, str []byte) {
				hash := uint64(0)
				if len(str) > 0 {
					hash = stats.Hash(str)
				}
				s.rootHash = append(s.rootHash, hash)
				out.addKept(0, str)
			})
		case !nested:
			rank.flat(in, sorter, func(_ uint32, str []byte) { out.addKept(0, str) })
		case d == dictUser:
			b.encodeUsers(out, sorter)
		default:
			parents := s.ranks[p].rank
			rank.nested(in, sorter, len(parents), func(n uint32) uint32 { return parents[n] },
				func(parent, _ uint32, str []byte) { out.addKept(parent, str) })
		}
		if err := w.finishDict(out); err != nil {
			return err
		}
	}
	return nil
}

// A nameHasher hashes usernames for sketches. It puts some together before it
// hashes them: what was just written cannot be read at once in larger pieces.
type nameHasher struct {
	bytes  []byte
	ends   []int
	hashes []uint64
}

// namesAhead is how many names are put together.
const namesAhead = 32

// begin begins with hashes, which it appends to.
func (h *nameHasher) begin(hashes []uint64) {
	h.hashes, h.bytes, h.ends = hashes, h.bytes[:0], h.ends[:0]
}

// add takes the username that is local, and then atMail.
func (h *nameHasher) add(local, atMail []byte) {
	h.bytes = append(append(h.bytes, local...), atMail...)
	if h.ends = append(h.ends, len(h.bytes)); len(h.ends) == namesAhead {
		h.end()
	}
}

// end returns the hashes of all names in order; of the empty one it is 0.
func (h *nameHasher) end() []uint64 {
	at := 0
	for _, end := range h.ends {
		hash := uint64(0)
		if end > at {
			hash = stats.Hash(h.bytes[at:end])
		}
		h.hashes = append(h.hashes, hash)
		at = end
	}
	h.bytes, h.ends = h.bytes[:0], h.ends[:0]
	return h.hashes
}

// encodeUsers ranks and writes the users, and hashes their names for sketches
// while they are at hand.
func (b *tableBuilder) encodeUsers(out *dictOut, sorter *stringSorter) {
	s := b.out
	in, mails := b.dicts[dictUser], b.dicts[dictMail]
	parents := s.ranks[dictMail].rank
	s.names.begin(s.userHash[:0])
	s.mailUsers = s.mailUsers[:0]
	last := uint32(unused) // the mail domain of atMail
	// Twice as many keys as mail domains: raw users before bare ones.
	s.ranks[dictUser].nested(in, sorter, 2*len(parents),
		func(n uint32) uint32 { return parents[n>>1]<<1 | n&1 },
		func(key, _ uint32, str []byte) {
			parent := key >> 1
			s.firstUsers(int(parent) + 1)
			if key&1 == 0 {
				s.names.add(str, nil)
				s.rawName = append(append(s.rawName[:0], rawUser), str...)
				out.add(parent, s.rawName)
				return
			}
			if parent != last {
				last = parent
				s.atMail = append(append(s.atMail[:0], '@'), mails.at(s.ranks[dictMail].order[parent])...)
			}
			s.names.add(str, s.atMail)
			out.addKept(parent, str)
		})
	s.firstUsers(len(parents) + 1)
	s.userHash = s.names.end()
}

// firstUsers notes that the next user is the first one, or the end, of mail
// domains below mails that none is known of.
func (s *encodeScratch) firstUsers(mails int) {
	for len(s.mailUsers) < mails {
		s.mailUsers = append(s.mailUsers, uint32(len(s.names.hashes)+len(s.names.ends)))
	}
}
