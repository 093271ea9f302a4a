package leaks

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestNormalize(t *testing.T) {
	n := NewNormalizer()
	got, reject := n.Normalize(&Record{Username: " A@Example.COM ", Password: "pässwörd1", Host: "https://www.Example.co.uk:8443/x", Country: "de"})
	if reject != nil {
		t.Fatal(reject)
	}
	want := Normalized{
		Type: "Stealer", Username: "a@example.com", Password: "p****1", PasswordLength: 9, Host: "https://www.Example.co.uk:8443/x",
		Domain: "www.example.co.uk", RootDomain: "example.co.uk", Protocol: "https", LocalPart: "a", EmailDomain: "example.com", Country: "DE",
	}
	if got != want {
		t.Errorf("got %+v", got)
	}
	b, err := json.Marshal(got)
	if err != nil || strings.Contains(string(b), "sswö") {
		t.Errorf("%s %v", b, err)
	}
	place := Place{File: "f", Line: 3}
	if _, reject := n.Normalize(&Record{Username: "u", Country: "Utopia", Place: place}); reject == nil || reject.Reason != RejectCountry || reject.Place != place {
		t.Errorf("%v", reject)
	}
}
