package leaks

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// hashKinds are ways to spread credentials over hashes, by a number of the
// credential.
var hashKinds = map[string]func(k uint64) hash128{
	"uniform":          func(k uint64) hash128 { return hash128{k * mixPrime * mixPrime, ^k * mixPrime} },
	"few high halves":  func(k uint64) hash128 { return hash128{k % 3 * (1 << 62), ^(k / 3)} },
	"one high half":    func(k uint64) hash128 { return hash128{^uint64(0), k * mixPrime} },
	"alike high ends":  func(k uint64) hash128 { return hash128{5<<60 | k/2, k % 2} },
	"one low half":     func(k uint64) hash128 { return hash128{k * mixPrime, 7} },
	"zero, or nearly":  func(k uint64) hash128 { return hash128{0, k} },
	"pairs, otherwise": func(k uint64) hash128 { return hash128{k / 2 * mixPrime, k % 2} },
}

// oddString makes strings that are prefixes of each other, of about as many bytes
// as a stringItem holds, and end in zero bytes.
func oddString(k uint64) string {
	return strings.Repeat("x", int(12+k%5)) + strings.Repeat("\x00", int(k/5%4)) + strings.Repeat("y", int(k/20%3)*7)
}

// groupRows makes n rows of so many credentials at most, and spreads those over
// hashes.
func groupRows(seed uint64, n, creds int, split bool, hash func(k uint64) hash128) []row {
	m := newRowMaker(seed, split)
	known := map[uint64]row{}
	out := make([]row, n)
	for i := range out {
		r := m.row()
		k := m.rng.Uint64N(uint64(creds))
		c, ok := known[k]
		if !ok {
			c = r
			known[k] = c
		}
		r.username, r.localPart, r.emailDomain = c.username, c.localPart, c.emailDomain
		r.hasPassword, r.digest, r.mask, r.pwLen, r.classes = c.hasPassword, c.digest, c.mask, c.pwLen, c.classes
		r.domain, r.root, r.host = c.domain, c.root, c.host
		if split && m.rng.IntN(6) == 0 {
			r.root = m.pick("", "b.test", "brought.example")
		}
		if r.emailDomain != "" && k%3 > 0 {
			r.localPart = oddString(k)
			r.username = r.localPart + "@" + r.emailDomain
		}
		if r.host != "" && m.rng.IntN(2) == 0 {
			r.host = oddString(m.rng.Uint64N(60))
		}
		if r.source != "" {
			r.source = oddString(m.rng.Uint64N(8))
		}
		r.hash = hash(k).bytes()
		out[i] = r
	}
	return out
}

// TestTableGroups: whatever their hashes, rows of one credential are one group, and
// its user is there whichever of them brought it. Builders are used again, and
// share what encode needs.
func TestTableGroups(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 1))
	kinds := make([]string, 0, len(hashKinds))
	for kind := range hashKinds {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	lowerTextStrings(t, 1)
	builders := []*tableBuilder{newTableBuilder(1000)}
	builders = append(builders, newTableBuilderLike(builders[0]), newTableBuilderLike(builders[0]))
	for round := range 250 {
		lowerAggregateRows(t, []uint64{1, 20, 1 << 30}[rng.IntN(3)])
		kind := kinds[round%len(kinds)]
		n := []int{0, 1, 2, 40, 63, 64, 65, 127, 128, 129, 192, 193, 600}[rng.IntN(13)]
		creds := max(1, n/(1+rng.IntN(8)))
		rows := groupRows(rng.Uint64(), n, creds, rng.IntN(2) == 0, hashKinds[kind])
		if rng.IntN(4) == 0 { // no row is of the group of another
			have := map[string]bool{}
			rows = slices.DeleteFunc(rows, func(r row) bool {
				key := r.root + string(r.hash[:])
				had := have[key]
				have[key] = true
				return had
			})
		}
		t.Run(fmt.Sprintf("%d: %d rows, %d credentials, %s", round, len(rows), creds, kind), func(t *testing.T) {
			b := builders[rng.IntN(len(builders))]
			b.reset()
			half := rng.IntN(len(rows) + 1)
			addForgetting(b, rng, rows[:half])
			if rng.IntN(3) == 0 {
				checkTable(t, encodeBuilder(t, b).open(t), rows[:half])
			}
			addForgetting(b, rng, rows[half:])
			tab := encodeBuilder(t, b)
			checkTable(t, tab.open(t), rows)
			checkAggregates(t, []*table{tab.open(t)}, rows)
			checkDicts(t, tab.open(t), rows)
			if again := encodeBuilder(t, b); string(again.data) != string(tab.data) {
				t.Fatal("a builder encoded again makes other bytes")
			}
		})
	}
}

// addForgetting adds rows one by one or together; now and then the builder forgets
// which strings came lately.
func addForgetting(b *tableBuilder, rng *rand.Rand, rows []row) {
	for len(rows) > 0 {
		n := min(len(rows), 1+rng.IntN(40))
		b.addRows(rows[:n])
		rows = rows[n:]
		if rng.IntN(2) == 0 {
			for _, in := range b.dicts {
				clear(in.near)
			}
		}
	}
}

// checkDicts compares how many strings the dictionaries have with those of the rows.
func checkDicts(t testing.TB, tab *table, rows []row) {
	t.Helper()
	var want [numDicts]map[string]bool
	for d := range want {
		want[d] = map[string]bool{}
	}
	for i := range rows {
		r := &rows[i]
		want[dictUser][r.emailDomain+"\n"+r.username] = true
		want[dictSource][r.source] = true
		want[dictHost][r.root+"\n"+r.domain+"\n"+r.host] = true
		for f, s := range r.facts() {
			want[machineField(f).dict()][s] = true
		}
	}
	for d, strs := range want {
		if len(strs) > 0 && int(tab.tableMeta.dicts[d]) != len(strs) {
			t.Fatalf("%d strings of %s, want %d", tab.tableMeta.dicts[d], dictID(d), len(strs))
		}
	}
}

// TestIngestFullArena: an ingest encodes a builder before the offsets of its strings
// could overflow, however much memory and however many rows it may take.
func TestIngestFullArena(t *testing.T) {
	old := maxArena
	maxArena = 1000
	t.Cleanup(func() { maxArena = old })
	opts := testOptions()
	opts.NoBackgroundMerge = true
	s := openTest(t, testDir(t), opts)
	ingestAll(t, s, numbered(400))
	info, err := s.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Rows != 400 || len(info.Segments) < 4 {
		t.Fatalf("%d rows in %d segments", info.Rows, len(info.Segments))
	}
}

// TestHashOrder: numbers come by high half, then ascending, whichever bits those
// differ in; so many that all passes are made.
func TestHashOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 1))
	var o hashOrder
	for _, n := range []int{0, 1, 2, 511, 512, 513, 5000, 1 << 16, 1<<20 + 5} {
		for _, mask := range []uint64{^uint64(0), 0xff, 7 << 61, 1<<63 | 1, 0} {
			if mask != ^uint64(0) && n > 5000 {
				continue // long runs are sorted by comparing
			}
			hi := make([]uint64, n)
			for i := range hi {
				if hi[i] = rng.Uint64() & mask; i > 0 && rng.IntN(4) == 0 {
					hi[i] = hi[rng.IntN(i)]
				}
			}
			keys := o.sort(hi)
			if len(keys) != n {
				t.Fatalf("%d keys of %d", len(keys), n)
			}
			for i := 1; i < n; i++ {
				a, b := o.number(keys[i-1]), o.number(keys[i])
				if hi[a] > hi[b] || hi[a] == hi[b] && a >= b || hi[a] == hi[b] && !o.alike(keys[i-1], keys[i]) {
					t.Fatalf("%d hashes within %x: %d (%x) before %d (%x)", n, mask, a, hi[a], b, hi[b])
				}
			}
		}
	}
}
