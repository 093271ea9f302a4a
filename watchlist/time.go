package watchlist

import (
	"encoding/json"
	"time"
)

// A Time is an instant to the second, in UTC; its JSON is the contract's
// 2006-01-02T15:04:05, or an empty string when there is none.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05"

// String returns the contract's spelling.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

// MarshalJSON writes the contract's spelling.
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalJSON reads the contract's spelling.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s == "" {
		*t = Time{}
		return nil
	}
	v, err := time.ParseInLocation(timeLayout, s, time.UTC)
	if err != nil {
		return err
	}
	*t = Time{v}
	return nil
}
