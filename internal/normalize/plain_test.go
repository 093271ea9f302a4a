package normalize

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// plainPrefixSlowly is plainPrefix, byte by byte.
func plainPrefixSlowly(s string) (n int, dotted bool) {
	for n < len(s) && strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789-_.", s[n]) >= 0 {
		n++
	}
	labels := strings.Split(s[:n], ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel {
			return 0, false
		}
	}
	if last := labels[len(labels)-1]; n > maxDomain || '0' <= last[0] && last[0] <= '9' {
		return 0, false
	}
	return n, len(labels) > 1
}

// TestPlainPrefix: eight bytes at a time tell what one at a time does.
func TestPlainPrefix(t *testing.T) {
	check := func(s string) {
		n, dotted := plainPrefix(s)
		if wantN, want := plainPrefixSlowly(s); n != wantN || dotted != want {
			t.Fatalf("%q: %d, %t, want %d, %t", s, n, dotted, wantN, want)
		}
	}
	for c := range 256 { // each byte at each place
		for i := range 20 {
			b := []byte("abcdefgh.jklmnop.rstuvwx")
			b[i] = byte(c)
			check(string(b))
			check(string(b[:i+1]))
		}
	}
	for _, n := range []int{62, 63, 64, 65, 200, 251, 252, 253, 254, 300} {
		long := strings.Repeat("a", n)
		check(long)
		check("x." + long)
		check(long + ".y")
		check(strings.Repeat("ab.", n/3) + "z")
		check(strings.Repeat("abcdefg.", n/8) + "z/")
	}
	rng := rand.New(rand.NewPCG(8, 8))
	for range 300_000 {
		b := make([]byte, rng.IntN(30))
		for i := range b {
			if b[i] = "abz09-_..m"[rng.IntN(10)]; rng.IntN(25) == 0 {
				b[i] = byte(rng.IntN(256))
			}
		}
		check(string(b))
	}
}

// TestLoginBytes: eight bytes at a time are of the kinds that each is.
func TestLoginBytes(t *testing.T) {
	for c := range 256 {
		for i := range 8 {
			b := []byte("ab.c-d_9")
			b[i] = byte(c)
			want := uint64(0)
			if loginByte[c] != 0 {
				want = topBit << (8 * i)
			}
			if got := loginBytes(eightBytes(string(b), 0)); got != want {
				t.Fatalf("%q: %x, want %x", b, got, want)
			}
		}
	}
	for _, s := range []string{"", "@", "a", "abcdefgh", "abcdefg@", "abcdefgh@", "@b.example", "a@", "abcdefghijk"} {
		if plainAddress(s) != 0 {
			t.Errorf("%q taken for an address", s)
		}
	}
	for _, local := range []string{"a", "abcdefg", "abcdefgh", "abcdefghi", "first.last+tag"} {
		if at := plainAddress(local + "@mail.example"); at != len(local) {
			t.Errorf("%q: @ at %d", local, at)
		}
	}
}

func BenchmarkPlainPrefix(b *testing.B) {
	names := []string{
		"portal.northvista102.example/account/login", "freemail.test", "api.greendune166.example/auth",
		"www.lunariron72.example/portal/login.jsp", "postbox.example", "sagemaple185.example/dana-na/x",
	}
	for i := 0; b.Loop(); i++ {
		plainPrefix(names[i%len(names)])
	}
}
