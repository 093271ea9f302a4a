package corpus

import (
	"math"
	"math/bits"
)

// The detection times of every corpus: from Start, included, to End, excluded,
// in unix seconds. 2024-11-01 and 2026-11-01.
const (
	Start = 1730419200
	End   = Start + days*daySeconds

	days       = 730
	daySeconds = 86400
)

// The sizes of the small vocabularies.
const (
	Sources   = 2000
	Stealers  = 40
	Countries = 200
	Softwares = 60
)

const (
	largestRoot = 0.04 // share of the largest root domain

	rowsPerRoot    = 25
	rowsPerMachine = 100 // n/100 machines share the 65 % of rows that have one
	personsPerPC   = 3
)

// Thresholds of 32-bit draws.
const (
	repeats     = 35 * percent // an occurrence repeats an earlier credential
	stealerRows = 65 * percent // a credential's first occurrence is a Stealer's
	staysLog    = 85 * percent // a repeat of a Stealer credential is one too
	turnsLog    = 28 * percent // a repeat of a Combo credential is a Stealer's: keeps the share

	percent  = 1 << 32 / 100
	wordBits = 6 // of the words that root domains are named with
)

// A Corpus makes the occurrences 0 to n-1. It is immutable: any number of
// goroutines may use it.
type Corpus struct {
	seed     uint64
	n        int64
	roots    int
	machines int64
	persons  int64
	rootZipf zipf
	fromZipf zipf // sources

	// The permutation that names root domains works on so many bits.
	rootBits               uint
	rootFactor, rootOffset uint64
}

// New returns the corpus of n occurrences (1 or more) of a seed.
func New(seed uint64, n int64) *Corpus {
	n = max(n, 1)
	c := &Corpus{
		seed:     mix(seed ^ 0x6c65616b73636f70),
		n:        n,
		roots:    int(max(n/rowsPerRoot, 1)),
		machines: max(n/rowsPerMachine, 1),
		persons:  max(n/8, 1),
	}
	c.rootZipf = newZipf(c.roots, largestRoot)
	c.fromZipf = newZipf(Sources, 0.06)
	d := c.draw(ofRoot, 0)
	c.rootBits = uint(max(bits.Len(uint(c.roots)), 20))
	c.rootFactor, c.rootOffset = d.next()|1, d.next()
	return c
}

// Len returns the number of occurrences.
func (c *Corpus) Len() int64 { return c.n }

// Extended returns the corpus whose first occurrences are those of c and which
// goes on with more of the same, n in all: what comes after, of the same domains
// and machines, some of it repeating what c holds. With n below c.Len, it is
// shorter.
func (c *Corpus) Extended(n int64) *Corpus {
	more := *c
	more.n = max(n, 1)
	return &more
}

// Roots returns the number of root domains that may occur; of the rarest, some
// do not.
func (c *Corpus) Roots() int { return c.roots }

// The streams of draws, one for each kind of thing that is drawn for.
const (
	ofOccurrence = iota + 1
	ofCredential
	ofMachine
	ofPerson
	ofRoot
)

// draw returns the draws for one thing.
func (c *Corpus) draw(of uint64, i int64) draws {
	return draws(mix(c.seed + of*0x9e3779b97f4a7c15 ^ mix(uint64(i)+of)))
}

// credential returns the occurrence that occurrence i repeats in the end: i
// itself when it is the first of its credential.
func (c *Corpus) credential(i int64) int64 {
	for i > 0 {
		d := c.draw(ofOccurrence, i)
		if !d.chance(repeats) {
			break
		}
		i = d.below(i)
	}
	return i
}

// draws is a stream of pseudo-random numbers: SplitMix64 (Steele, Lea, Flood
// 2014).
type draws uint64

func (d *draws) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	return mix(uint64(*d))
}

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// chance is true p times out of 2³².
func (d *draws) chance(p uint64) bool { return d.next()>>32 < p }

// below returns a number from 0 to n-1, all alike.
func (d *draws) below(n int64) int64 {
	hi, _ := bits.Mul64(d.next(), uint64(n))
	return int64(hi)
}

// unit returns a number in [0, 1).
func (d *draws) unit() float64 { return float64(d.next()>>11) / (1 << 53) }

// A zipf draws ranks 0 to n-1 with probabilities that fall as 1/(rank+q), by
// inverting the integral of that density: rank r has the probability
// ln((r+1+q)/(r+q)) / ln((n+q)/q). It takes no table, however large n is.
type zipf struct {
	n    int
	q    float64
	logs float64 // ln((n+q)/q)
}

// newZipf chooses q so that rank 0 has the given share, or all of a single one.
func newZipf(n int, share float64) zipf {
	lo, hi := 1e-9, 1e9
	for range 200 {
		q := math.Sqrt(lo * hi)
		if math.Log1p(1/q)/math.Log1p(float64(n)/q) > share {
			lo = q
		} else {
			hi = q
		}
	}
	return zipf{n, hi, math.Log1p(float64(n) / hi)}
}

func (z *zipf) rank(u float64) int {
	return min(int(z.q*math.Expm1(u*z.logs)), z.n-1)
}

// share returns the probability of a rank.
func (z *zipf) share(rank int) float64 {
	return math.Log1p(1/(float64(rank)+z.q)) / z.logs
}

// A quantiles table draws from a vocabulary of at most 256 words, with
// probabilities falling as 1/(rank+1), by one look-up.
type quantiles [4096]uint8

func newQuantiles(n int) *quantiles {
	var q quantiles
	total := 0.0
	for r := range n {
		total += 1 / float64(r+1)
	}
	r, sum := 0, 1/total
	for i := range q {
		// The rarest words must not fall between two steps.
		for sum < (float64(i)+0.5)/float64(len(q)) && r < n-1 {
			r++
			sum += 1 / float64(r+1) / total
		}
		q[i] = uint8(r)
	}
	return &q
}

func (q *quantiles) pick(d *draws) int { return int(q[d.next()>>52]) }
