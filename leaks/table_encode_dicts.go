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
				out.add(0, str)
			})
		case !nested:
			rank.flat(in, sorter, func(_ uint32, str []byte) { out.add(0, str) })
		case d == dictUser:
			b.encodeUsers(out, sorter)
		default:
			parents := s.ranks[p].rank
			rank.nested(in, sorter, len(parents), func(n uint32) uint32 { return parents[n] },
				func(n uint32, str []byte) { out.add(parents[in.parent(n)], str) })
		}
		if err := w.finishDict(out); err != nil {
			return err
		}
	}
	return nil
}

// encodeUsers ranks and writes the users, and hashes their names for sketches
// while they are at hand.
func (b *tableBuilder) encodeUsers(out *dictOut, sorter *stringSorter) {
	s := b.out
	in, mails := b.dicts[dictUser], b.dicts[dictMail]
	parents := s.ranks[dictMail].rank
	s.userHash = resize(s.userHash, in.len())
	place := 0
	last, mail := uint32(unused), []byte(nil) // the mail domain written last
	// Twice as many keys as mail domains: raw users before bare ones.
	s.ranks[dictUser].nested(in, sorter, 2*len(parents),
		func(n uint32) uint32 { return parents[n>>1]<<1 | n&1 },
		func(n uint32, str []byte) {
			parent := in.parent(n)
			hash := uint64(0) // of no name
			if parent&1 == 0 {
				if len(str) > 0 {
					hash = stats.Hash(str)
				}
				s.userName = append(append(s.userName[:0], rawUser), str...)
				str = s.userName
			} else {
				if parent != last {
					last, mail = parent, mails.at(parent>>1)
				}
				s.userName = append(append(s.userName[:0], str...), '@')
				s.userName = append(s.userName, mail...)
				hash = stats.Hash(s.userName)
			}
			s.userHash[place] = hash
			place++
			out.add(parents[parent>>1], str)
		})
	s.mailUsers = resize(s.mailUsers, len(parents)+1)
	for mail := range s.mailUsers {
		s.mailUsers[mail] = sorter.starts[2*mail]
	}
}
