package normalize

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"strings"
	"testing"

	"github.com/zeebo/blake3"
	"pgregory.net/rapid"
)

func testKey(fill byte) (key [32]byte) {
	for i := range key {
		key[i] = fill + byte(i)
	}
	return key
}

// The hashes are part of the store format: a change here is a change of every
// store.
func TestHashesStayTheSame(t *testing.T) {
	h := NewHasher(testKey(1))
	hash := h.Credential("anna@example.com", "Winter!2024", "app.example.com")
	check, mac := h.Check(), h.MAC([]byte("cursor"))
	tags, err := h.AppendPiece(nil, 3, []byte("piece"))
	if err != nil {
		t.Fatal(err)
	}
	input := h.Input(tags)
	for _, c := range []struct{ name, got, want string }{
		{"credential", hex.EncodeToString(hash[:]), "8eadb6861513edd3730df05a7ec9030d"},
		{"check", hex.EncodeToString(check[:]), "b400e7f319740e5ce48a1d30fa436791"},
		{"input", hex.EncodeToString(input[:]), "ba1641d7f6ca7c4e302ce07bf45cc5864fd9fffdf4651960962153231a4b752a"},
		{"mac", hex.EncodeToString(mac[:]), "97ddca63cb946c0a7c1efe00fd0c42cc"},
	} {
		if c.got != c.want {
			t.Errorf("%s = %s, want %s", c.name, c.got, c.want)
		}
	}
	if got := h.Password("Winter!2024"); got != 0x2d67c445c11ad05e {
		t.Errorf("password digest = %#x", got)
	}
}

// The definition, written out the long way.
func TestCredentialIsKeyedSipHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var key, sub [32]byte
		copy(key[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		u := rapid.String().Draw(t, "username")
		p := rapid.String().Draw(t, "password")
		d := strings.Repeat(rapid.String().Draw(t, "domain"), rapid.IntRange(0, 40).Draw(t, "times"))
		var in []byte
		for _, s := range []string{u, p, d} {
			n := uint64(len(s))
			for ; n >= 0x80; n >>= 7 {
				in = append(in, byte(n)|0x80)
			}
			in = append(append(in, byte(n)), s...)
		}
		h := NewHasher(key)
		h.Password(p) // what was hashed before must not matter
		blake3.DeriveKey(contextCredential, key[:], sub[:])
		if got, want := h.Credential(u, p, d), slowSip(sub, in, true); got != want {
			t.Fatalf("hash %x, want %x", got, want)
		}
		blake3.DeriveKey(contextPassword, key[:], sub[:])
		sum := slowSip(sub, []byte(p), false)
		if got, want := h.Password(p), binary.LittleEndian.Uint64(sum[:]); got != want {
			t.Fatalf("digest %x, want %x", got, want)
		}
	})
}

// slowSip is SipHash-2-4 step by step as the paper draws it; wide for 128 bits.
func slowSip(key [32]byte, in []byte, wide bool) (sum [16]byte) {
	k0, k1 := binary.LittleEndian.Uint64(key[:]), binary.LittleEndian.Uint64(key[8:])
	v := []uint64{k0, k1, k0, k1}
	for i := range v {
		v[i] ^= binary.BigEndian.Uint64([]byte("somepseudorandomlygeneratedbytes")[8*i:])
	}
	mix := func(a, b, turnA, turnB int) {
		v[a] += v[b]
		v[b] = bits.RotateLeft64(v[b], turnB) ^ v[a]
		v[a] = bits.RotateLeft64(v[a], turnA)
	}
	rounds := func(n int) {
		for range n {
			mix(0, 1, 32, 13)
			mix(2, 3, 0, 16)
			mix(0, 3, 0, 21)
			mix(2, 1, 32, 17)
		}
	}
	end := uint64(0xff)
	if wide {
		v[1] ^= 0xee
		end = 0xee
	}
	length := byte(len(in))
	for len(in)%8 != 7 {
		in = append(in, 0)
	}
	for in = append(in, length); len(in) > 0; in = in[8:] {
		m := binary.LittleEndian.Uint64(in)
		v[3] ^= m
		rounds(2)
		v[0] ^= m
	}
	v[2] ^= end
	rounds(4)
	binary.LittleEndian.PutUint64(sum[:], v[0]^v[1]^v[2]^v[3])
	v[1] ^= 0xdd
	rounds(4)
	binary.LittleEndian.PutUint64(sum[8:], v[0]^v[1]^v[2]^v[3])
	return sum
}

func TestOneHashForOneCredential(t *testing.T) {
	n, h := NewNormalizer(), NewHasher(testKey(0))
	hash := func(user, host string) [16]byte {
		t.Helper()
		v, err := n.Host(host)
		if err != nil {
			t.Fatal(err)
		}
		return h.Credential(Username(user), "secret", v.Domain)
	}
	want := hash("anna@example.org", "https://example.com/b")
	for _, c := range [][2]string{
		{"anna@example.org", "HTTPS://Example.com:443/a"},
		{" Anna@Example.ORG\t", "example.com."},
		{"ANNA@example.org", "http://user:pw@EXAMPLE.com/?x#y"},
	} {
		if hash(c[0], c[1]) != want {
			t.Errorf("%q at %q hashes differently", c[0], c[1])
		}
	}
	if hash("Anna", "example.com") == hash("anna", "example.com") {
		t.Error("the case of a login that is no e-mail address must count")
	}
}

func TestFieldsDoNotRunTogether(t *testing.T) {
	h := NewHasher(testKey(0))
	if h.Credential("ab", "c", "") == h.Credential("a", "bc", "") {
		t.Fatal(`("ab","c") and ("a","bc") share a hash`)
	}
	rapid.Check(t, func(t *rapid.T) {
		short := rapid.StringOfN(rapid.SampledFrom([]rune("a\x00\x01")), 0, 4, -1)
		a := [3]string{short.Draw(t, "u1"), short.Draw(t, "p1"), short.Draw(t, "d1")}
		b := [3]string{short.Draw(t, "u2"), short.Draw(t, "p2"), short.Draw(t, "d2")}
		same := h.Credential(a[0], a[1], a[2]) == h.Credential(b[0], b[1], b[2])
		if same != (a == b) {
			t.Fatalf("%q and %q: same hash %v", a, b, same)
		}
	})
}

func TestAnotherKeySharesNothing(t *testing.T) {
	seen := map[[16]byte]bool{}
	passwords := map[uint64]bool{}
	const each = 200
	for k := range 5 {
		h := NewHasher(testKey(byte(k)))
		seen[h.Check()] = true
		seen[h.MAC(nil)] = true
		for i := range each {
			s := strings.Repeat("x", i)
			seen[h.Credential(s, s, "example.com")] = true
			passwords[h.Password(s)] = true
		}
	}
	if len(seen) != 5*(each+2) || len(passwords) != 5*each {
		t.Errorf("%d hashes and %d digests are distinct", len(seen), len(passwords))
	}
}

func TestCloneAgrees(t *testing.T) {
	h := NewHasher(testKey(7))
	c := h.Clone()
	h.Credential("left", "over", "state")
	if h.Credential("a", "b", "c") != c.Credential("a", "b", "c") || h.Check() != c.Check() ||
		h.Password("p") != c.Password("p") || h.MAC([]byte("m")) != c.MAC([]byte("m")) {
		t.Error("a clone hashes differently")
	}
}

func TestHashingDoesNotAllocate(t *testing.T) {
	h := NewHasher(testKey(7))
	if n := testing.AllocsPerRun(100, func() {
		h.Credential("anna@example.com", "Winter!2024", "app.example.com")
		h.Password("Winter!2024")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCredential(b *testing.B) {
	h := NewHasher(testKey(7))
	for b.Loop() {
		h.Credential("anna.example@mail.example", "Winter!2024", "app.example.com")
	}
}

func BenchmarkPassword(b *testing.B) {
	h := NewHasher(testKey(7))
	for b.Loop() {
		h.Password("Winter!2024")
	}
}

// The short way of copying gives what the long one does, wherever one ends.
func TestHashesOfAnyLength(t *testing.T) {
	h := NewHasher([32]byte{7})
	text := strings.Repeat("0123456789abcdef", 10)
	for _, n := range []int{0, 1, 7, 8, 9, 63, 64, 126, 127, 128, 129, 160} {
		for _, m := range []int{0, 5, 127, 128} {
			u, p, d := text[:n], text[:m], text[:(n+m)%len(text)]
			b := sipPad(appendField(appendField(appendField(nil, u), p), d))
			if got, want := h.Credential(u, p, d), h.credential.sum128(b); got != want {
				t.Errorf("credential of %d, %d, %d bytes: %x, want %x", len(u), len(p), len(d), got, want)
			}
		}
		if got, want := h.Password(text[:n]), h.password.sum64(sipPad([]byte(text[:n]))); got != want {
			t.Errorf("password of %d bytes: %x, want %x", n, got, want)
		}
	}
}

// What the short way says of URLs and logins is what the long one does.
func TestPlainFormsAgree(t *testing.T) {
	n := NewNormalizer()
	hosts := []string{"a.example", "A.example", "1.2.3.4", "1.2.3.04", "a..b", "a", "-a_b.example", "a.1", "a.1b", "", "a@b.example", "[::1]", strings.Repeat("a", 63) + ".example", strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 130) + "b", "https", "a.example."}
	rests := []string{"", "/", "/x y", "/x ", "?a=//u:p@h", "/a//b", "#f", ":80", ":080/", ":/", ":x/", ":65536/", ":65535?q", ":80 ", "://x", "\u00a0", "/\u00e9", ":80:90/", ";x", "/u:p@h"}
	for _, scheme := range []string{"https://", "http://", "HTTP://", "", "//", "ftp://"} {
		for _, host := range hosts {
			for _, rest := range rests {
				raw := scheme + host + rest
				got, err := n.HostOnly(raw)
				want, wantErr := n.anyHost(raw)
				if got != want || err != wantErr {
					t.Errorf("%q: %+v, %v; the long way %+v, %v", raw, got, err, want, wantErr)
				}
			}
		}
	}
	for _, local := range []string{"", "a", "A", "a b", "a@b", "\u00e4", " a", "a\x7f", "a.b+c"} {
		for _, host := range hosts {
			s := local + "@" + host
			name, l, d := login(s, parseDomain)
			if l2, d2, ok := SplitEmail(name); ok != (l != "") || l2 != l || d2 != d || Username(s) != name {
				t.Errorf("%q: %q, %q, %q; split again %q, %q, %v", s, name, l, d, l2, d2, ok)
			}
		}
	}
	for _, p := range []string{"", "a", "abc", "abcd", "Ab1!", "\u00e4bcd", "\u00e4b", "abc\xff", "\x00abc", "a\tbc "} {
		s := ShapeOf(p)
		if s.Mask != Mask(p) || s.Len != PasswordLen(p) || s.Classes != Classes(p) {
			t.Errorf("%q: %+v", p, s)
		}
		if s.Ends > 0 && (s.Ends > MaskEnds || s.Mask != asciiMasks()[maskLen*(int(s.Ends)-1):maskLen*int(s.Ends)]) {
			t.Errorf("%q: %d for %q", p, s.Ends, s.Mask)
		}
	}
}

// TestHashes: both at once are what each is, whatever the lengths.
func TestHashes(t *testing.T) {
	h := NewHasher([32]byte{7})
	text := strings.Repeat("abcdefghijklmnopqrstuvwxyz\x00\xff0123456789", 5)
	for user := 0; user < 150; user += 7 {
		for pass := range 150 {
			for _, dom := range []int{0, 1, 9, 127, 128} {
				u, p, d := text[:user], text[3:3+pass], text[5:5+dom]
				credential, digest := h.Hashes(u, p, d)
				b := appendField(appendField(appendField(nil, u), p), d)
				if want := h.credential.sum128(sipPad(b)); credential != want {
					t.Fatalf("%d, %d, %d bytes: credential %x, want %x", user, pass, dom, credential, want)
				}
				if want := h.Password(p); digest != want {
					t.Fatalf("%d, %d, %d bytes: digest %x, want %x", user, pass, dom, digest, want)
				}
			}
		}
	}
}

func BenchmarkHashes(b *testing.B) {
	h := NewHasher([32]byte{1})
	for b.Loop() {
		h.Hashes("anna.example@example.org", "correct horse 9", "login.example.com")
	}
}
