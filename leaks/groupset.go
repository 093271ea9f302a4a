package leaks

import "slices"

// A groupSet is a set of groups of one table: ranges, and single groups that
// lie in none of them. Both ascend, and no two ranges overlap.
type groupSet struct {
	ranges []span
	list   []uint32
}

func (s *groupSet) empty() bool { return len(s.ranges) == 0 && len(s.list) == 0 }

// len returns how many groups are in s.
func (s *groupSet) len() uint32 { return s.inRanges() + uint32(len(s.list)) }

// inRanges returns how many of the groups are in ranges.
func (s *groupSet) inRanges() uint32 {
	n := uint32(0)
	for _, r := range s.ranges {
		n += r.hi - r.lo
	}
	return n
}

// bounds returns the range from the first to the last group.
func (s *groupSet) bounds() (lo, hi uint32) {
	if n := len(s.ranges); n > 0 {
		lo, hi = s.ranges[0].lo, s.ranges[n-1].hi
	}
	if n := len(s.list); n > 0 {
		if first, end := s.list[0], s.list[n-1]+1; len(s.ranges) == 0 {
			lo, hi = first, end
		} else {
			lo, hi = min(lo, first), max(hi, end)
		}
	}
	return lo, hi
}

// has reports whether a group is in s.
func (s *groupSet) has(g uint32) bool { return within(s.ranges, g) || contains(s.list, g) }

// with returns s and sorted groups.
func (s groupSet) with(groups []uint32) groupSet {
	if len(groups) == 0 {
		return s
	}
	both := make([]uint32, 0, len(s.list)+len(groups))
	ranges, list := s.ranges, s.list
	for _, g := range groups {
		for len(ranges) > 0 && ranges[0].hi <= g {
			ranges = ranges[1:]
		}
		if len(ranges) > 0 && ranges[0].lo <= g {
			continue
		}
		for len(list) > 0 && list[0] < g {
			both = append(both, list[0])
			list = list[1:]
		}
		if len(list) == 0 || list[0] != g {
			both = append(both, g)
		}
	}
	return groupSet{s.ranges, append(both, list...)}
}

// intersect returns those of sorted groups that are in s, in place.
func (s *groupSet) intersect(groups []uint32) []uint32 {
	kept := groups[:0]
	ranges, list := s.ranges, s.list
	for _, g := range groups {
		for len(ranges) > 0 && ranges[0].hi <= g {
			ranges = ranges[1:]
		}
		for len(list) > 0 && list[0] < g {
			list = list[1:]
		}
		if len(ranges) > 0 && ranges[0].lo <= g || len(list) > 0 && list[0] == g {
			kept = append(kept, g)
		}
	}
	return kept
}

// clone returns a set that take may use up.
func (s *groupSet) clone() groupSet { return groupSet{slices.Clone(s.ranges), s.list} }

// take removes the first groups of s, up to n, and appends them to dst. Some
// that lie close together are not followed by others far away: a block of
// neighbours can be decoded at once.
func (s *groupSet) take(n uint32, dst []uint32) []uint32 {
	for room := n; room > 0; {
		list := s.list[:min(uint32(len(s.list)), room)]
		if len(s.ranges) > 0 {
			r := &s.ranges[0]
			end, _ := slices.BinarySearch(list, r.lo)
			if list = list[:end]; end == 0 {
				far := len(dst) > 0 && r.lo-dst[len(dst)-1] > n
				if far && room < n-n/8 && r.hi-r.lo > n/8 {
					break
				}
				hi := min(r.hi, r.lo+room)
				for g := r.lo; g < hi; g++ {
					dst = append(dst, g)
				}
				room -= hi - r.lo
				if r.lo = hi; r.lo == r.hi {
					s.ranges = s.ranges[1:]
				}
				continue
			}
		}
		if len(list) == 0 {
			break
		}
		dst = append(dst, list...)
		s.list = s.list[len(list):]
		room -= uint32(len(list))
	}
	return dst
}

// each calls fn for every group, ascending, until it fails.
func (s *groupSet) each(fn func(group uint32) error) error {
	rest := s.clone()
	var block []uint32
	for {
		if block = rest.take(scanBlock, block[:0]); len(block) == 0 {
			return nil
		}
		for _, g := range block {
			if err := fn(g); err != nil {
				return err
			}
		}
	}
}
