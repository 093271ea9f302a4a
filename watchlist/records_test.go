package watchlist

import (
	"testing"

	"github.com/leakscope/leakscope/internal/kv"
)

// records counts all records there are.
func records(t *testing.T, b *bench) (n int) {
	t.Helper()
	err := b.records.View(t.Context(), func(r *kv.Reader) error {
		for _, err := range r.All(nil) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
