package stats

// An Aggregate is what is kept for good about the occurrences of one domain:
// counters and sketches, and no credential. Aggregates of disjoint occurrences
// merge into the aggregate of all of them.
//
// Its zero value is empty and ready. Like its sketches it must not be copied
// after first use and is not safe for concurrent use, except as the argument
// of Merge in many goroutines.
type Aggregate struct {
	Total  uint64 // occurrences
	Latest uint32 // greatest detection time, Unix seconds; 0 when empty

	// ByType counts occurrences under TypeCombo and TypeStealer.
	ByType [2]uint64
	// ByDay counts occurrences by detection day: days since 1970-01-01 (UTC).
	ByDay map[uint16]uint64
	// ByStealer and ByCountry count occurrences that have such a value; the
	// empty string is never a key.
	ByStealer map[string]uint64
	ByCountry map[string]uint64

	// The sketches of distinct values. An empty username, no password and an
	// empty inverse domain are no values and are not added; a source counts
	// even when unnamed.
	Usernames Sketch
	Passwords Sketch
	Leaks     Sketch // credential hashes
	Sources   Sketch
	Inverse   Sketch // the other column: e-mail domains of a root domain, or the reverse
}

// The indexes of [Aggregate.ByType].
const (
	TypeCombo   = 0
	TypeStealer = 1
)

// typeNames are the contract's names of the types.
var typeNames = [2]string{TypeCombo: "Combo", TypeStealer: "Stealer"}

const secondsPerDay = 86400

// Day returns the key of [Aggregate.ByDay] for a detection time in Unix
// seconds.
func Day(seen uint32) uint16 { return uint16(seen / secondsPerDay) }

// Count adds one occurrence to the counters: its type (TypeCombo or
// TypeStealer; another counts in Total only), its detection time in Unix
// seconds, and its stealer name and country, either of which may be empty. The
// sketches are filled by the caller.
func (a *Aggregate) Count(typ int, seen uint32, stealerName, country string) {
	a.Total++
	a.Latest = max(a.Latest, seen)
	if typ >= 0 && typ < len(a.ByType) {
		a.ByType[typ]++
	}
	addCount(&a.ByDay, Day(seen), 1)
	if stealerName != "" {
		addCount(&a.ByStealer, stealerName, 1)
	}
	if country != "" {
		addCount(&a.ByCountry, country, 1)
	}
}

// Merge adds the occurrences of o, which stays as it is. A nil o is empty.
func (a *Aggregate) Merge(o *Aggregate) {
	if o == nil {
		return
	}
	a.Total += o.Total
	a.Latest = max(a.Latest, o.Latest)
	for i, n := range o.ByType {
		a.ByType[i] += n
	}
	addCounts(&a.ByDay, o.ByDay)
	addCounts(&a.ByStealer, o.ByStealer)
	addCounts(&a.ByCountry, o.ByCountry)
	others := o.sketches()
	for i, s := range a.sketches() {
		s.Merge(others[i])
	}
}

// sketches returns the sketches in their stored order.
func (a *Aggregate) sketches() [5]*Sketch {
	return [5]*Sketch{&a.Usernames, &a.Passwords, &a.Leaks, &a.Sources, &a.Inverse}
}

// addCount adds n to (*m)[k], making the map when there is none.
func addCount[K comparable](m *map[K]uint64, k K, n uint64) {
	if *m == nil {
		*m = make(map[K]uint64)
	}
	(*m)[k] += n
}

func addCounts[K comparable](m *map[K]uint64, o map[K]uint64) {
	for k, n := range o {
		addCount(m, k, n)
	}
}
