package leaks

import "testing"

// TestRootListsDiffer: a credential that two public suffix lists put below two
// root domains, each in a segment of its own, is still one.
func TestRootListsDiffer(t *testing.T) {
	s, o := openTest(t, testDir(t), testOptions()), &oracle{}
	p := s.preparer(uint32(s.now().Unix()), "")
	for _, root := range []string{"org.example", "shop.org.example"} {
		rec := Record{Username: "anna", Password: "secret", Host: "https://www.shop.org.example/", Root: root, UploadStealed: worldStart, Source: root}
		ingestAll(t, s, []Record{rec, {Username: "bob", Password: "x", Host: "other.example", UploadStealed: worldStart, Source: root}})
		o.add(p, rec)
		o.add(p, Record{Username: "bob", Password: "x", Host: "other.example", UploadStealed: worldStart, Source: root})
	}
	// As two builds with different lists would have written them.
	s.current.segments[0].table.ownRoots, s.current.segments[1].table.ownRoots = false, false
	s.current.segments[0].table.rootList++
	q := DetailsQuery{Scope: everything, Column: RootDomain}
	got, err := s.Details(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if g, w := mustJSON(t, got), mustJSON(t, o.details(q)); g != w {
		t.Fatalf("got %s\nwant %s", g, w)
	}
}
