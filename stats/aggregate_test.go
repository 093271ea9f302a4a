package stats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// sighting is one occurrence as the tests make it.
type sighting struct {
	typ                           int
	seen                          uint32
	stealer, country              string
	user, password, leak, inverse string
	source                        string
}

func sightings(seed uint64, n int) []sighting {
	rng := rand.New(rand.NewPCG(seed, 2))
	out := make([]sighting, n)
	for i := range out {
		o := sighting{
			typ:      rng.IntN(2),
			seen:     1_700_000_000 + uint32(rng.IntN(40*secondsPerDay)),
			user:     fmt.Sprint("user", rng.IntN(3*n), "@example.com"),
			password: fmt.Sprint(rng.IntN(n)),
			inverse:  fmt.Sprint("d", rng.IntN(30), ".example"),
			source:   fmt.Sprint("channel", rng.IntN(12)),
		}
		o.leak = o.user + o.password
		if o.typ == TypeStealer {
			o.stealer = fmt.Sprint("Family", rng.IntN(25))
			o.country = string([]byte{'A' + byte(rng.IntN(6)), 'A' + byte(rng.IntN(6))})
		}
		out[i] = o
	}
	return out
}

func (a *Aggregate) add(o sighting) {
	a.Count(o.typ, o.seen, o.stealer, o.country)
	a.Usernames.Add(HashString(o.user))
	a.Passwords.Add(HashString(o.password))
	a.Leaks.Add(HashString(o.leak))
	a.Sources.Add(HashString(o.source))
	a.Inverse.Add(HashString(o.inverse))
}

func encodedAggregate(a *Aggregate) []byte {
	var w codec.Writer
	a.Encode(&w)
	return w.Bytes()
}

// Any order, batching and merging of the same occurrences is the same bytes
// and the same answer.
func TestAggregateIsAFunctionOfItsOccurrences(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for _, n := range []int{0, 1, 50, 3000} {
		all := sightings(uint64(n), n)
		one := new(Aggregate)
		for _, o := range all {
			one.add(o)
		}
		want := encodedAggregate(one)
		for range 5 {
			rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			parts := make([]Aggregate, 1+rng.IntN(5))
			for _, o := range all {
				parts[rng.IntN(len(parts))].add(o)
			}
			total := new(Aggregate)
			for i := range parts {
				if i%2 == 0 {
					total.Merge(&parts[i])
					continue
				}
				r := codec.NewReader(encodedAggregate(&parts[i]))
				if err := total.MergeFrom(r); err != nil || r.Close() != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(encodedAggregate(total), want) {
				t.Fatalf("%d occurrences: bytes differ", n)
			}
			if !reflect.DeepEqual(total.Analytics(), one.Analytics()) {
				t.Fatalf("%d occurrences: answers differ", n)
			}
		}
		if a, err := ReadAnalytics(codec.NewReader(want)); err != nil || !reflect.DeepEqual(*a, one.Analytics()) {
			t.Fatalf("%d occurrences: read answer differs, %v", n, err)
		}
		back, err := DecodeAggregate(codec.NewReader(want))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encodedAggregate(back), want) {
			t.Error("decoding changed the aggregate")
		}
	}
}

func TestAnalyticsJSON(t *testing.T) {
	a := new(Aggregate)
	a.Merge(nil)
	const empty = `{"total_leaks":0,"unique_usernames":0,"unique_passwords":0,"unique_leaks":0,"unique_sources":0,"unique_domains":0,` +
		`"latest_leak_date":"","leaks_by_type":[],"leaks_by_day":[],"leaks_by_stealer":[],"leaks_by_country":[],` +
		`"estimate":{"method":"hyperloglog","precision":14,"relative_error":0.008125}}`
	if got, _ := json.Marshal(a.Analytics()); string(got) != empty {
		t.Errorf("empty: %s", got)
	}
	const day = 19700 * secondsPerDay // 2023-12-09
	a.Count(TypeCombo, day, "", "")
	a.Count(TypeStealer, day+secondsPerDay+3661, "FamilyB", "NL")
	a.Count(TypeStealer, day+5, "FamilyA", "DE")
	a.Count(TypeCombo, day, "", "NL")
	for i := range uint64(5) {
		a.Usernames.Add(i % 3)
		a.Passwords.Add(i % 2)
		a.Leaks.Add(i)
		a.Sources.Add(0)
	}
	const want = `{"total_leaks":4,"unique_usernames":3,"unique_passwords":2,"unique_leaks":5,"unique_sources":1,"unique_domains":0,` +
		`"latest_leak_date":"2023-12-10T01:01:01",` +
		`"leaks_by_type":[{"type":"Combo","count":2},{"type":"Stealer","count":2}],` +
		`"leaks_by_day":[{"date":"2023-12-09","count":3},{"date":"2023-12-10","count":1}],` +
		`"leaks_by_stealer":[{"stealer_name":"FamilyA","count":1},{"stealer_name":"FamilyB","count":1}],` +
		`"leaks_by_country":[{"country":"NL","count":2},{"country":"DE","count":1}],` +
		`"estimate":{"method":"hyperloglog","precision":14,"relative_error":0.008125}}`
	if got, _ := json.Marshal(a.Analytics()); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAnalyticsTopLists(t *testing.T) {
	a := new(Aggregate)
	for i := range 30 {
		for range 1 + i/2 {
			a.Count(TypeStealer, 1, fmt.Sprintf("F%02d", i), "")
		}
	}
	got := a.Analytics().LeaksByStealer
	if len(got) != 20 || got[0] != (StealerCount{"F28", 15}) || got[1] != (StealerCount{"F29", 15}) || got[19] != (StealerCount{"F11", 6}) {
		t.Errorf("%v", got)
	}
}

func TestAggregateRefusesDamage(t *testing.T) {
	a := new(Aggregate)
	for _, o := range sightings(3, 40) {
		a.add(o)
	}
	good := encodedAggregate(a)
	for cut := range len(good) {
		if _, err := DecodeAggregate(codec.NewReader(good[:cut])); !errors.Is(err, codec.ErrCorrupt) {
			t.Fatalf("cut to %d bytes: %v", cut, err)
		}
		if _, err := ReadAnalytics(codec.NewReader(good[:cut])); !errors.Is(err, codec.ErrCorrupt) {
			t.Fatalf("answer of one cut to %d bytes: %v", cut, err)
		}
	}
}

func FuzzDecodeAggregate(f *testing.F) {
	for _, n := range []int{0, 5, 3000} {
		a := new(Aggregate)
		for _, o := range sightings(uint64(n), n) {
			a.add(o)
		}
		f.Add(encodedAggregate(a))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ReadAnalytics(codec.NewReader(b)); err != nil && !errors.Is(err, codec.ErrCorrupt) {
			t.Fatal(err)
		}
		a, err := DecodeAggregate(codec.NewReader(b))
		if err != nil {
			if a != nil || !errors.Is(err, codec.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again := encodedAggregate(a)
		back, err := DecodeAggregate(codec.NewReader(again))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encodedAggregate(back), again) {
			t.Fatal("not stable")
		}
		a.Analytics()
	})
}

func BenchmarkAnalyticsFromBytes(b *testing.B) {
	a := new(Aggregate)
	for _, o := range sightings(1, 200_000) {
		a.add(o)
	}
	enc := encodedAggregate(a)
	b.ReportAllocs()
	for b.Loop() {
		a, err := DecodeAggregate(codec.NewReader(enc))
		if err != nil {
			b.Fatal(err)
		}
		a.Analytics()
	}
	b.ReportMetric(float64(len(enc)), "bytes")
}

func BenchmarkReadAnalytics(b *testing.B) {
	a := new(Aggregate)
	for _, o := range sightings(1, 200_000) {
		a.add(o)
	}
	enc := encodedAggregate(a)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadAnalytics(codec.NewReader(enc)); err != nil {
			b.Fatal(err)
		}
	}
}
