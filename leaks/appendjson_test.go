package leaks

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What an answer appends is what encoding/json writes, whatever its fields
// hold.
func TestAppendJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, v := range []interface{ AppendJSON([]byte) []byte }{
			new(Credential), new(DetailsPage), new(Occurrence), new(Occurrences), new(KeywordCredential), new(KeywordPage),
		} {
			fillRandomly(t, reflect.ValueOf(v).Elem())
			want, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if got := v.AppendJSON([]byte("x")); string(got) != "x"+string(want) {
				t.Fatalf("%T:\n got %s\nwant x%s", v, got, want)
			}
		}
	})
}

// fillRandomly sets every field, so that a new one cannot be forgotten.
func fillRandomly(t *rapid.T, v reflect.Value) {
	if v.Type() == reflect.TypeFor[Time]() {
		if rapid.Bool().Draw(t, "some") {
			at := time.Unix(rapid.Int64Range(math.MinInt32, 1<<38).Draw(t, "unix"), 0)
			v.Set(reflect.ValueOf(Time{Time: at}))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillRandomly(t, v.Field(i))
		}
	case reflect.Slice:
		n := rapid.IntRange(-1, 3).Draw(t, "len")
		if n < 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fillRandomly(t, v.Index(i))
		}
	case reflect.Int:
		v.SetInt(rapid.Int64().Draw(t, "n"))
	case reflect.String:
		if rapid.Bool().Draw(t, "bytes") {
			v.SetString(string(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "b")))
			return
		}
		v.SetString(rapid.StringN(0, 12, -1).Draw(t, "s"))
	default:
		t.Fatalf("a field of kind %s", v.Kind())
	}
}

func TestAppendStringEscapes(t *testing.T) {
	s := "\u2028\u2029\xe2\x80\xff\x00\x1f\x7f<>&\"\\\b\f\n\r\t€"
	want, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := appendString(nil, s); string(got) != string(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func samplePage(rows int) *DetailsPage {
	at := Time{Time: time.Date(2026, 11, 21, 9, 30, 15, 0, time.UTC)}
	p := &DetailsPage{Total: 1000, Page: 1, PageSize: rows, TotalPages: 20}
	for range rows {
		p.Data = append(p.Data, Credential{
			Username: "cleo.vale@example.com", Password: "g****7", Types: []string{"Stealer"}, Type: "Stealer",
			FirstSeen: at, LastSeen: at, SourceCount: 5, Host: "https://portal.example.com/login", Domain: "portal.example.com",
			LocalPart: "cleo.vale", Protocol: "https", EmailDomain: "example.com", RootDomain: "example.com", UploadDate: at, LogDate: at,
			MachineID: "machine-123", ComputerName: "DESKTOP-1", HardwareID: "HW12", MachineUser: "cleo", IPAddress: "192.0.2.1",
			Country: "DE", Software: "Chrome", StealerName: "RedLine", Hash: "0123456789abcdef0123456789abcdef",
		})
	}
	return p
}

func BenchmarkPageJSON(b *testing.B) {
	p := samplePage(50)
	b.Run("append", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			buf = p.AppendJSON(buf[:0])
		}
		b.SetBytes(int64(len(buf)))
	})
	b.Run("encoding-json", func(b *testing.B) {
		for b.Loop() {
			buf, err := json.Marshal(p)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(buf)))
		}
	})
}
