package corpus

import (
	"iter"
	"time"

	"github.com/leakscope/leakscope/leaks"
)

// Records yields the n occurrences of a corpus in order, as [Corpus.WriteJSONL]
// writes them.
func Records(seed uint64, n int) iter.Seq[leaks.Record] {
	c := New(seed, int64(n))
	return c.Range(0, int64(n))
}

// Range yields the occurrences lo to hi-1.
func (c *Corpus) Range(lo, hi int64) iter.Seq[leaks.Record] {
	return func(yield func(leaks.Record) bool) {
		var r row
		for i := max(lo, 0); i < min(hi, c.n); i++ {
			c.make(&r, i)
			if !yield(r.record()) {
				return
			}
		}
	}
}

// Record returns occurrence i, from 0 to Len()-1.
func (c *Corpus) Record(i int64) leaks.Record {
	var r row
	c.make(&r, i)
	return r.record()
}

// record copies the row: all its text is one string.
func (r *row) record() leaks.Record {
	text := string(r.text)
	field := func(f int) string { return text[r.spans[f].lo:r.spans[f].hi] }
	rec := leaks.Record{
		Type:          leaks.Combo,
		Username:      field(fUsername),
		Password:      field(fPassword),
		Host:          field(fHost),
		Domain:        field(fDomain),
		Root:          field(fRoot),
		Protocol:      field(fProtocol),
		LocalPart:     field(fLocal),
		EmailDomain:   field(fMail),
		UploadStealed: time.Unix(r.seen, 0).UTC(),
		UploadDate:    time.Unix(r.upload, 0).UTC(),
		Source:        field(fSource),
		StealerName:   r.stealerName,
		Country:       r.country,
		IPAddress:     field(fIP),
		ComputerName:  field(fComputer),
		MachineUser:   field(fUser),
		MachineID:     field(fMachine),
		HardwareID:    field(fHardware),
		Software:      r.software,
	}
	if r.stealer {
		rec.Type = leaks.Stealer
		rec.LogDate = time.Unix(r.log, 0).UTC()
	}
	return rec
}
