package leaks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/internal/flat"
	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/stats"
)

// TestFixtureFlat: segments of documents and cards that an earlier build wrote
// open and hold what they held; the same rows make the same sections, before
// compression, today and in every later build of this format.
func TestFixtureFlat(t *testing.T) {
	p := &preparer{norm: normalize.NewNormalizer(), hasher: normalize.NewHasher(fixtureOptions().Key)}
	w := newWorld(1)
	for _, set := range []dataset{setDocuments, setCards} {
		b := flat.NewBuilder(set.schema())
		for range 120 {
			var row flat.Row
			var reason RejectReason
			if set == setDocuments {
				rec := w.document()
				reason, _ = p.document(&rec, &row)
			} else {
				rec := w.card()
				reason, _ = p.card(&rec, &row)
			}
			if reason != "" {
				t.Fatal(reason)
			}
			if err := b.Add(&row); err != nil {
				t.Fatal(err)
			}
		}
		var file bytes.Buffer
		if _, err := b.Encode(t.Context(), segment.NewWriter(&file)); err != nil {
			t.Fatal(err)
		}
		base := filepath.Join("testdata", set.String()+"-v1")
		if *update {
			if err := os.WriteFile(base+".seg", file.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		old, err := os.ReadFile(base + ".seg")
		if err != nil {
			t.Fatal(err)
		}
		got := flatText(t, set, file.Bytes())
		if *update {
			if err := os.WriteFile(base+".golden", []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		checkGolden(t, base+".golden", got)
		if got != flatText(t, set, old) {
			t.Errorf("%s.seg reads as something else", base)
		}
	}
}

// flatText is a table's sections, and its rows in their order.
func flatText(t *testing.T, set dataset, file []byte) string {
	t.Helper()
	r, err := segment.Open(bytes.NewReader(file), int64(len(file)), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "meta %x\n", r.Meta())
	for info := range r.Sections() {
		var raw []byte
		for i := range info.Chunks {
			chunk, err := r.Section(info.ID).Chunk(i)
			if err != nil {
				t.Fatal(err)
			}
			raw = append(raw, chunk...)
		}
		fmt.Fprintf(&b, "%04x %-28s %d chunks %6d bytes xxhash %016x %x\n",
			info.ID, set.sectionName(info.ID), info.Chunks, len(raw), stats.Hash(raw), raw[:min(24, len(raw))])
	}
	table, err := flat.Open(r, set.schema())
	if err != nil {
		t.Fatal(err)
	}
	v := flat.NewView(set.schema(), []*flat.Table{table})
	all, err := v.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := v.Query(t.Context(), all, &flat.Query{To: 1 << 40, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for i := range page.Rows {
		var row any = cardOf(&page.Rows[i])
		if set == setDocuments {
			row = documentOf(&page.Rows[i])
		}
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", line)
	}
	return b.String()
}
