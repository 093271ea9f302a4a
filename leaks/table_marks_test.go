package leaks

import "testing"

// lowerMarks makes marks of many users, at once, until the test ends.
func lowerMarks(t testing.TB, shift int) {
	s, w := markShift, marksWorth
	markShift, marksWorth = shift, 1
	t.Cleanup(func() { markShift, marksWorth = s, w })
}

// TestMailMarks: with marks the mail domain of each user is what it is without.
func TestMailMarks(t *testing.T) {
	for shift := range 5 {
		lowerMarks(t, shift)
		for seed := range uint64(10) {
			tab := encodeRows(t, newRowMaker(seed, true).rows(200)).open(t)
			tab.mailMarks.make(tab)
			if tab.mailMarks.marks.Load() == nil {
				t.Fatal("no marks")
			}
			for user := range tab.dictLen(dictUser) {
				marked, plain := tab.cursor(), tab.cursor()
				got, want := marked.userMail(user), plain.parentOf(colUserStarts, user, &plain.mail)
				if err := firstError(marked.err(), plain.err()); err != nil || got != want {
					t.Fatalf("seed %d, shift %d: user %d is below %d, want %d; %v", seed, shift, user, got, want, err)
				}
			}
		}
	}
}

// TestMachineFacts: the facts of a machine are the same whether they are
// remembered, were pushed out by another's or read again.
func TestMachineFacts(t *testing.T) {
	tab := encodeRows(t, newRowMaker(3, true).rows(600)).open(t)
	if tab.machines < 8 {
		t.Fatalf("%d machines", tab.machines)
	}
	var f rowFacts
	for pass := range 3 {
		for m := range tab.machines {
			c := tab.cursor()
			f.from(c)
			got := f.machineFacts(m)
			for i := range machineFields {
				if want := c.str(i.dict(), c.machineField(m, i)); got.machine != m || got.facts[i] != want {
					t.Fatalf("pass %d: machine %d has %s %q, want %q", pass, m, i.dict(), got.facts[i], want)
				}
			}
			if have := tab.machineCache.get(m); have != got {
				t.Fatalf("machine %d is not remembered", m)
			}
		}
	}
}
