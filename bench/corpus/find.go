package corpus

import "sort"

// RootDomain returns the root domain of a rank: 0 is the largest, Roots()-1 the
// smallest.
func (c *Corpus) RootDomain(rank int) string {
	var r row
	c.addRoot(&r, rank)
	return string(r.text)
}

// ExpectedRows returns how many occurrences the root domain of a rank has on
// average over all seeds.
func (c *Corpus) ExpectedRows(rank int) float64 {
	return float64(c.n) * c.rootZipf.share(rank)
}

// RankOfRows returns the largest rank that may be expected to have at least so
// many occurrences, or 0 when even the largest root domain has fewer. What it
// really has comes close for thousands and is off by a fifth or so for tens;
// see [Corpus.FindRows].
func (c *Corpus) RankOfRows(rows int64) int {
	first := sort.Search(c.roots, func(rank int) bool { return c.ExpectedRows(rank) < float64(rows) })
	return max(first-1, 0)
}

// CountRows returns how many occurrences each of the ranks really has. It goes
// over the whole corpus, at some tens of nanoseconds an occurrence.
func (c *Corpus) CountRows(ranks ...int) []int64 {
	at := make(map[int]int, len(ranks))
	lo, hi := c.roots, 0
	for i, rank := range ranks {
		at[rank] = i
		lo, hi = min(lo, rank), max(hi, rank)
	}
	counts := make([]int64, len(ranks))
	for i := range c.n {
		cred := c.draw(ofCredential, c.credential(i))
		rank := c.rootZipf.rank(cred.unit())
		if rank < lo || rank > hi {
			continue
		}
		if k, ok := at[rank]; ok {
			counts[k]++
		}
	}
	return counts
}

// FindRows returns the root domain whose number of occurrences comes closest to
// rows among 64 ranks that may be expected to, and that number. It takes the
// time of [Corpus.CountRows].
func (c *Corpus) FindRows(rows int64) (rank int, really int64) {
	near := c.RankOfRows(rows)
	var ranks []int
	for r := max(near-32, 0); r < min(near+32, c.roots); r++ {
		ranks = append(ranks, r)
	}
	rank, really = ranks[0], -1
	for i, n := range c.CountRows(ranks...) {
		if really < 0 || abs(n-rows) < abs(really-rows) {
			rank, really = ranks[i], n
		}
	}
	return rank, really
}

func abs(v int64) int64 { return max(v, -v) }

// MailProvider returns the e-mail domain of a rank among the providers, of
// which there are MailProviders: 0 is the largest and has about 20 % of the
// occurrences.
func (c *Corpus) MailProvider(rank int) string { return providers[rank].name }

// MailProviders returns the number of providers.
func (c *Corpus) MailProviders() int { return len(providers) }
