package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

// An archive with something encrypted in it is ingested in portions, so that
// what no password fitted can be taken later, and nothing twice: what lies open
// is the batch of the archive itself, which then never counts as done, and what
// each password opened is a portion, known by the names of its files. When no
// file stays shut the archive is marked whole.

// portions are those of one archive.
type portions struct {
	seed  maphash.Seed
	files map[uint64]string     // key that opened it, by the hash of a file's place
	names map[string]*hashNames // by key
}

func newPortions() *portions {
	return &portions{seed: maphash.MakeSeed(), files: map[uint64]string{}, names: map[string]*hashNames{}}
}

// hashNames sums up names in any order.
type hashNames struct{ sum [sha256.Size]byte }

func (h *hashNames) add(name string) {
	for i, c := range sha256.Sum256([]byte(name)) {
		h.sum[i] ^= c
	}
}

// add notes an entry that a password opened.
func (p *portions) add(e formats.Entry) {
	at := maphash.String(p.seed, e.Place())
	if _, twice := p.files[at]; twice {
		return
	}
	p.files[at] = e.Key
	if p.names[e.Key] == nil {
		p.names[e.Key] = new(hashNames)
	}
	p.names[e.Key].add(e.Place())
}

// id names what a key opened, whichever other passwords were given.
func (p *portions) id(key string) string { return hex.EncodeToString(p.names[key].sum[:]) }

// errEncrypted ends what lies open in an archive that has more.
var errEncrypted = errors.New("there is something encrypted")

// errPart ends a unit of which something stays shut.
var errPart = errors.New("ingested in part")

// archive ingests a unit that may be an archive.
func (j *Job) archive(ctx context.Context, u Unit, opts *leaks.IngestOptions) (leaks.IngestResult, error) {
	whole := opts.Batch + "/whole"
	if known, err := j.known(ctx, whole); known || err != nil {
		return leaks.IngestResult{Skipped: known}, err
	}
	p := newPortions()
	j.In.only = func(e formats.Entry) bool {
		if e.Key != "" {
			p.add(e)
		}
		return e.Key == ""
	}
	result, err := j.Store.Ingest(ctx, j.ended(j.records(ctx, u), func() error {
		if j.locked || len(p.files) > 0 {
			return errEncrypted
		}
		return nil
	}), opts)
	j.In.only = nil
	if !errors.Is(err, errEncrypted) {
		return result, err
	}
	j.found = j.found || len(p.files) > 0
	// The cards of what lies open come with a batch that ends.
	cards := leaks.IngestOptions{Batch: opts.Batch + "/cards", Source: opts.Source, Seen: opts.Seen, Reject: opts.Reject, Cards: opts.Cards}
	plain, err := j.Store.Ingest(ctx, nothing, &cards)
	if err != nil {
		return result, err
	}
	addResult(&result, plain)
	more, err := j.opened(ctx, u, opts, p)
	addResult(&result, more)
	switch {
	case err != nil:
		return result, err
	case j.locked && !j.found:
		return result, errLocked
	case j.locked:
		return result, errPart
	}
	if result.Read == 0 && more.Skipped {
		result.Skipped = true
	}
	return result, j.mark(ctx, whole)
}

// addResult adds the counts of more to sum.
func addResult(sum *leaks.IngestResult, more leaks.IngestResult) {
	sum.Read += more.Read
	sum.Ingested += more.Ingested
	sum.Rejected += more.Rejected
	sum.Cards += more.Cards
	for reason, n := range more.Reasons {
		if sum.Reasons == nil {
			sum.Reasons = map[leaks.RejectReason]int64{}
		}
		sum.Reasons[reason] += n
	}
}

// opened ingests what passwords opened, but for portions that were ingested
// before. Skipped says that all were.
func (j *Job) opened(ctx context.Context, u Unit, opts *leaks.IngestOptions, p *portions) (leaks.IngestResult, error) {
	var fresh []string // ids
	keys := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(p.names)) {
		known, err := j.known(ctx, opts.Batch+"/"+p.id(key))
		if err != nil {
			return leaks.IngestResult{}, err
		}
		if !known {
			fresh = append(fresh, p.id(key))
			keys[key] = true
		}
	}
	if len(fresh) == 0 {
		return leaks.IngestResult{Skipped: true}, nil
	}
	slices.Sort(fresh)
	sum := sha256.Sum256([]byte(strings.Join(fresh, "/")))
	portion := *opts
	portion.Batch += "/of/" + hex.EncodeToString(sum[:])
	j.In.pick = func(place string) bool {
		key, ok := p.files[maphash.String(p.seed, place)]
		return ok && keys[key]
	}
	j.again, j.cards = true, nil
	result, err := j.Store.Ingest(ctx, j.records(ctx, u), &portion)
	j.In.pick, j.again = nil, false
	if err != nil {
		return result, err
	}
	for _, id := range fresh {
		if err := j.mark(ctx, opts.Batch+"/"+id); err != nil {
			return result, err
		}
	}
	return result, nil
}

// ended adds an error to the end of a sequence that has none.
func (j *Job) ended(seq iter.Seq2[leaks.Record, error], end func() error) iter.Seq2[leaks.Record, error] {
	return func(yield func(leaks.Record, error) bool) {
		for r, err := range seq {
			if !yield(r, err) {
				return
			}
		}
		if err := end(); err != nil {
			yield(leaks.Record{}, err)
		}
	}
}

var errAsked = errors.New("asked only")

// known reports whether a batch was ingested.
func (j *Job) known(ctx context.Context, batch string) (bool, error) {
	ask := func(yield func(leaks.Record, error) bool) { yield(leaks.Record{}, errAsked) }
	result, err := j.Store.Ingest(ctx, ask, &leaks.IngestOptions{Batch: batch})
	if errors.Is(err, errAsked) {
		err = nil
	}
	return result.Skipped, err
}

// nothing is a sequence without records.
func nothing(func(leaks.Record, error) bool) {}

// mark makes a batch known.
func (j *Job) mark(ctx context.Context, batch string) error {
	_, err := j.Store.Ingest(ctx, nothing, &leaks.IngestOptions{Batch: batch})
	return err
}
