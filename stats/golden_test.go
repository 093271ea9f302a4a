package stats

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// Aggregates outlive the rows they were made of, so no build may stop reading
// these bytes or write others for the same occurrences. A change of the form
// needs a version of its own beside this one.
func TestEncodedFormIsPinned(t *testing.T) {
	a := new(Aggregate)
	a.Count(TypeCombo, 19700*secondsPerDay, "", "")
	a.Count(TypeStealer, 19703*secondsPerDay+3661, "FamilyA", "NL")
	a.Usernames.Add(HashString("anna@example.net"))
	a.Leaks.Add(1)
	a.Leaks.Add(1 << 63)
	const want = "" +
		"01" + "02" + "cdb07765" + // version, Total, Latest
		"0101" + // ByType
		"02" + "f49901" + "01" + "03" + "01" + // ByDay: 19700 once, three days later once
		"01" + "07" + "46616d696c7941" + "01" + // ByStealer
		"01" + "02" + "4e4c" + "01" + // ByCountry
		"0001" + "01" + "09758308cf54812f" + // Usernames: exact, xxHash64, one
		"0001" + "00" + // Passwords: none
		"0001" + "02" + "0100000000000000" + "0000000000000080" + // Leaks
		"0001" + "00" + "0001" + "00" // Sources, Inverse
	if got := hex.EncodeToString(encodedAggregate(a)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	dense := encoded(sketchOf(hashes(1, 50_000)))
	if sum := codec.Checksum(dense); len(dense) != 8201 || sum != 0xdf2a0ce2cc3dc671 {
		t.Errorf("dense: %d bytes, checksum %#x", len(dense), sum)
	}
	if got := sketchOf(hashes(1, 50_000)).Estimate(); got != 50406 {
		t.Errorf("estimate %d", got)
	}
	// The form without the estimate, which earlier builds wrote.
	old := append([]byte{formDense, hashXX64}, dense[5:]...)
	if sum := codec.Checksum(old); len(old) != 8198 || sum != 0x8a5b0c27b64e7728 {
		t.Errorf("dense without estimate: %d bytes, checksum %#x", len(old), sum)
	}
	for _, b := range [][]byte{old, dense} {
		r := codec.NewReader(b)
		if got := ReadEstimate(r); got != 50406 || r.Close() != nil {
			t.Errorf("read estimate %d, %v", got, r.Err())
		}
		if got := encoded(ReadSketch(codec.NewReader(b))); !bytes.Equal(got, dense) {
			t.Error("reading and writing changed the sketch")
		}
	}
}
