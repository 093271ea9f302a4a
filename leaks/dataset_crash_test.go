package leaks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/leakscope/leakscope/watchlist"
)

// killCards and killDocuments are what comes with a file of the kill test.
func killCards(file int) (list []CardRecord) {
	w := newWorld(killSeed)
	w.rng = rand.New(rand.NewPCG(uint64(file), 17))
	for range 30 {
		list = append(list, w.card())
	}
	return list
}

func killDocuments(file int) (list []DocumentRecord) {
	w := newWorld(killSeed)
	w.rng = rand.New(rand.NewPCG(uint64(file), 18))
	for range 60 {
		list = append(list, w.document())
	}
	return list
}

// checkCommittedFlat: the cards of a file are there when its batch is done, all
// or none; its documents are up to their own checkpoint.
func checkCommittedFlat(t *testing.T, s *Store, files int) {
	t.Helper()
	o := &flatOracle{}
	p := s.preparer(0, "")
	for i := range files {
		rec, _, err := s.db.Batch(killBatch(i))
		if err != nil {
			t.Fatal(err)
		}
		if rec.Done {
			for _, c := range killCards(i) {
				o.addCard(t, p, c)
			}
		}
		if rec, _, err = s.db.Batch(batchID(setDocuments, killBatch(i))); err != nil {
			t.Fatal(err)
		}
		for _, d := range killDocuments(i)[:rec.Records] {
			o.addDocument(t, p, d)
		}
	}
	newWorld(killSeed).compareFlat(t, s, o, 10)
}

// TestFlatReadersWhileIngesting: documents are read beside their ingest, merging
// and compaction. What was once there stays, and each page is of one moment.
func TestFlatReadersWhileIngesting(t *testing.T) {
	w := newWorld(31)
	opts := testOptions()
	opts.SegmentRows, opts.MergeFanout, opts.NoBackgroundMerge = 25, 2, false
	s := openTest(t, testDir(t), opts)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	var asked atomic.Int64
	for range 3 {
		readers.Go(func() {
			least := 0
			for ctx.Err() == nil {
				page, err := s.Documents(ctx, DocumentsQuery{Scope: watchlist.Administrator(), PageSize: 200, SortBy: "name"})
				if ctx.Err() != nil {
					return
				}
				if err != nil || page.Total < least || len(page.Data) != min(page.Total, 200) {
					t.Errorf("%d documents of %d after %d: %v", len(page.Data), page.Total, least, err)
					return
				}
				least = page.Total
				ids := map[string]bool{}
				for i, d := range page.Data {
					if ids[d.ID] || i > 0 && page.Data[i-1].Name > d.Name {
						t.Errorf("a page with a document twice, or out of order")
						return
					}
					ids[d.ID] = true
				}
				asked.Add(1)
			}
		})
	}
	readers.Go(func() {
		for ctx.Err() == nil {
			if err := s.Compact(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("compact: %v", err)
			}
		}
	})
	o := &flatOracle{}
	p := s.preparer(0, "")
	for i := range fewer(30, 12) {
		var docs []DocumentRecord
		for range 60 {
			docs = append(docs, w.document())
			o.addDocument(t, p, docs[len(docs)-1])
		}
		if _, err := s.IngestDocuments(t.Context(), listSeq(docs), &IngestOptions{Batch: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	readers.Wait()
	if asked.Load() < 10 {
		t.Errorf("only %d answers were looked at", asked.Load())
	}
	w.compareFlat(t, s, o, 20)
}
