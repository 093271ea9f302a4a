package peers

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/leakscope/leakscope/stats"
)

// Same returns an error that says where an engine's answer differs from
// leakscope's. Everything must be equal, but for the unique numbers of
// analytics, which leakscope estimates: those must be as close as four times
// the stated errors, and equal where neither estimates.
func Same(q *Query, ours, theirs *Answer) error {
	switch {
	case q.Kind == Details && ours.Details != nil && theirs.Details != nil:
		a, b := ours.Details, theirs.Details
		if a.Total != b.Total || a.TotalPages != b.TotalPages || len(a.Data) != len(b.Data) {
			return fmt.Errorf("%s: %d of %d credentials, leakscope has %d of %d", q.Name, len(b.Data), b.Total, len(a.Data), a.Total)
		}
		return sameRows(q, a.Data, b.Data)
	case q.Kind == ByHash && ours.Occurrences != nil && theirs.Occurrences != nil:
		a, b := ours.Occurrences.Data, theirs.Occurrences.Data
		if len(a) != len(b) {
			return fmt.Errorf("%s: %d occurrences, leakscope has %d", q.Name, len(b), len(a))
		}
		return sameRows(q, a, b)
	case q.Kind == Analytics && ours.Analytics != nil && theirs.Analytics != nil:
		return sameAnalytics(q, ours.Analytics, theirs.Analytics, theirs.Estimated)
	}
	return fmt.Errorf("%s: no answer", q.Name)
}

func sameRows[T any](q *Query, ours, theirs []T) error {
	for i := range ours {
		// As JSON, what is shown is compared, and times as instants.
		a, err := json.Marshal(ours[i])
		if err != nil {
			return err
		}
		b, err := json.Marshal(theirs[i])
		if err != nil {
			return err
		}
		if string(a) != string(b) {
			return fmt.Errorf("%s: row %d is\n%s\nleakscope has\n%s", q.Name, i, b, a)
		}
	}
	return nil
}

func sameAnalytics(q *Query, ours, theirs *stats.Analytics, allow float64) error {
	unique := func(a *stats.Analytics) [5]uint64 {
		return [5]uint64{a.UniqueUsernames, a.UniquePasswords, a.UniqueLeaks, a.UniqueSources, a.UniqueDomains}
	}
	us, them := unique(ours), unique(theirs)
	for i := range us {
		a, b := float64(us[i]), float64(them[i])
		if us[i] == them[i] {
			continue
		}
		exact := allow == 0 && them[i] <= stats.ExactMembers
		if off := max(a-b, b-a); exact || off > 4*(allow+stats.RelativeError)*b {
			return fmt.Errorf("%s: unique number %d is %d, leakscope has %d", q.Name, i, them[i], us[i])
		}
	}
	a, b := *ours, *theirs
	for _, c := range []*stats.Analytics{&a, &b} {
		c.UniqueUsernames, c.UniquePasswords, c.UniqueLeaks, c.UniqueSources, c.UniqueDomains = 0, 0, 0, 0, 0
		c.Estimate = stats.Estimate{}
	}
	if !reflect.DeepEqual(a, b) {
		x, errA := json.Marshal(b)
		y, errB := json.Marshal(a)
		return fmt.Errorf("%s: is\n%s\nleakscope has\n%s (%v, %v)", q.Name, x, y, errA, errB)
	}
	return nil
}
