package normalize

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func TestHost(t *testing.T) {
	n := NewNormalizer()
	for range 2 { // the second time from the cache
		for _, c := range []struct {
			raw  string
			want Host
		}{
			{"", Host{}},
			{" \t\u00a0", Host{}},
			{"https://vpn.example.co.uk:8443/dana-na/auth", Host{"https://vpn.example.co.uk:8443/dana-na/auth", "vpn.example.co.uk", "example.co.uk", "https"}},
			{"Intranet.Example.COM:9443/Login.aspx", Host{"Intranet.Example.COM:9443/Login.aspx", "intranet.example.com", "example.com", ""}},
			{"http://[2001:DB8::10]:8080/admin", Host{"http://[2001:DB8::10]:8080/admin", "2001:db8::10", "2001:db8::10", "http"}},
			{"http://[fe80::1%25eth0]/", Host{"http://[fe80::1%25eth0]/", "fe80::1", "fe80::1", "http"}},
			{"2001:db8:0::10", Host{"2001:db8:0::10", "2001:db8::10", "2001:db8::10", ""}},
			{"192.0.2.7:8080", Host{"192.0.2.7:8080", "192.0.2.7", "192.0.2.7", ""}},
			{"ftp://192.0.2.7.", Host{"ftp://192.0.2.7.", "192.0.2.7", "192.0.2.7", "ftp"}},
			{"https://Bücher.example.de/konto", Host{"https://Bücher.example.de/konto", "xn--bcher-kva.example.de", "example.de", "https"}},
			{"XN--BCHER-KVA.example.de", Host{"XN--BCHER-KVA.example.de", "xn--bcher-kva.example.de", "example.de", ""}},
			{"http://faß.example/", Host{"http://faß.example/", "xn--fa-hia.example", "xn--fa-hia.example", "http"}},
			{"http://ｅｘａｍｐｌｅ。com/", Host{"http://ｅｘａｍｐｌｅ。com/", "example.com", "example.com", "http"}},
			{"http://１９２.0.2.7/", Host{"http://１９２.0.2.7/", "192.0.2.7", "192.0.2.7", "http"}},
			{"http://intranet/login", Host{"http://intranet/login", "intranet", "intranet", "http"}},
			{"HTTP://intranet:/login", Host{"HTTP://intranet:/login", "intranet", "intranet", "http"}},
			{" https://anna:s3cret@shop.example.net/a@b ", Host{"https://shop.example.net/a@b", "shop.example.net", "example.net", "https"}},
			{"anna:p@ss@shop.example.net?x", Host{"shop.example.net?x", "shop.example.net", "example.net", ""}},
			{"https://anna@[::1]:80/", Host{"https://[::1]:80/", "::1", "::1", "https"}},
			{"https://example.com?next=http://u:p@x.test", Host{"https://example.com?next=http://x.test", "example.com", "example.com", "https"}},
			{"//Example.com/x", Host{"//Example.com/x", "example.com", "example.com", ""}},
			{"http://https://example.com/x", Host{"https://example.com/x", "example.com", "example.com", "https"}},
			{"android://c2lnbmF0dXJl/+8=@com.Example.app/", Host{"android://com.Example.app/", "app.example.com", "example.com", "android"}},
			{"android://u.ser:pw@com.example.app/", Host{"android://com.example.app/", "app.example.com", "example.com", "android"}},
			{"Android://com.example.app", Host{"Android://com.example.app", "app.example.com", "example.com", "android"}},
			{"_dmarc.my_host.example.com", Host{"_dmarc.my_host.example.com", "_dmarc.my_host.example.com", "example.com", ""}},
			{"r3---sn-x.example.com", Host{"r3---sn-x.example.com", "r3---sn-x.example.com", "example.com", ""}},
			{"a.b.example", Host{"a.b.example", "a.b.example", "b.example", ""}},
			{"co.uk", Host{"co.uk", "co.uk", "co.uk", ""}},
			{"me.github.io/x", Host{"me.github.io/x", "me.github.io", "me.github.io", ""}},
			{"github.io", Host{"github.io", "github.io", "github.io", ""}},
			{"file:///C:/x.html", Host{"file:///C:/x.html", "", "", "file"}},
			{"chrome-extension://abcdef/login.html", Host{"chrome-extension://abcdef/login.html", "abcdef", "abcdef", "chrome-extension"}},
		} {
			got, err := n.Host(c.raw)
			if err != nil || got != c.want {
				t.Errorf("Host(%q) = %+v, %v; want %+v", c.raw, got, err, c.want)
			}
		}
	}
}

func TestHostRefuses(t *testing.T) {
	n := NewNormalizer()
	for _, raw := range []string{
		"/login", "?x", "#", "https://", "https:///x", "https:example.com", "https:/example.com",
		"about:blank", "javascript:void(0)", "view-source:https://example.com",
		"bank.example.com:40718823", "example.com:", "example.com:80:80", "example.com:-1", "example.com:+80",
		"a..example.com", ".example.com", "example.com..", "exa mple.com", "Google Chrome",
		"http://2001:db8::1/", "http://[2001:db8::1", "http://[2001:db8::1]x", "http://[192.0.2.1]/", "http://[]/",
		"1.2.3", "256.0.0.1", "01.2.3.4", "12345", "example.com\\x", "ex%41mple.com", "example.com\x00",
		strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 127) + "example",
		"b\xfccher.example", "http://℀.example/", "android://", "android://com..example/", "user:p#ss@example.com",
		strings.Repeat("ü", 100000),
	} {
		if h, err := n.Host(raw); !errors.Is(err, ErrHost) || h != (Host{}) {
			t.Errorf("Host(%q) = %+v, %v; want ErrHost", raw, h, err)
		} else if err.Error() != ErrHost.Error() {
			t.Errorf("the error says more than it may: %v", err)
		}
	}
}

func TestDomainAndRoot(t *testing.T) {
	n := NewNormalizer()
	for _, c := range [][3]string{
		{" Mail.Example.ORG. ", "mail.example.org", "example.org"},
		{"MÜLLER.example.de", "xn--mller-kva.example.de", "example.de"},
		{"192.0.2.1", "192.0.2.1", "192.0.2.1"},
		{"2001:DB8:0:0::1", "2001:db8::1", "2001:db8::1"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"www.city.kawasaki.jp", "www.city.kawasaki.jp", "city.kawasaki.jp"},
		{"localhost", "localhost", "localhost"},
		{"x.公司.cn", "x.xn--55qx5d.cn", "x.xn--55qx5d.cn"},
	} {
		d, err := n.Domain(c[0])
		if err != nil || d != c[1] || n.Root(d) != c[2] {
			t.Errorf("%q: domain %q, %v, root %q", c[0], d, err, n.Root(d))
		}
	}
	for _, s := range []string{"", " ", "example.com:80", "https://example.com", "[::1]", "a@example.com", "example.com/x"} {
		if d, err := n.Domain(s); !errors.Is(err, ErrDomain) || d != "" {
			t.Errorf("Domain(%q) = %q, %v", s, d, err)
		}
	}
	if got := n.Root("no domain"); got != "no domain" {
		t.Errorf("Root of no domain: %q", got)
	}
}

// Whatever was asked before, in whatever order, an answer is that of a new
// Normalizer.
func TestCacheChangesNothing(t *testing.T) {
	n := NewNormalizer()
	label := rapid.StringOfN(rapid.SampledFrom([]rune("aBü1-_")), 1, 3, -1)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom([]string{"", "http://", "android://"}).Draw(t, "scheme") +
			strings.Join(rapid.SliceOfN(label, 1, 3).Draw(t, "labels"), ".")
		got, err := n.Host(s)
		want, wantErr := NewNormalizer().Host(s)
		if got != want || !errors.Is(err, wantErr) {
			t.Fatalf("Host(%q) = %+v, %v; fresh %+v, %v", s, got, err, want, wantErr)
		}
	})
}

func TestCacheForgetsNotLies(t *testing.T) {
	c := newCache()
	for i := range 3 * mostSlots { // enough to grow to the end and to throw out
		k := strconv.Itoa(i)
		if d, r, ok := c.get(k); ok && (d != "d"+k || r != "r"+k) {
			t.Fatalf("%q is remembered as %q, %q", k, d, r)
		} else if !ok {
			c.put(k, "d"+k, "r"+k)
		}
		if d, _, ok := c.get(k); !ok || d != "d"+k {
			t.Fatalf("%q was forgotten at once", k)
		}
	}
	if len(c.slots) != mostSlots {
		t.Errorf("%d slots", len(c.slots))
	}
}

// What a cache keeps must not hold on to the buffer a reader works in.
func TestCacheKeepsItsOwnText(t *testing.T) {
	n := NewNormalizer()
	raw := []byte("www.example.com")
	h, err := n.Host(unsafe.String(&raw[0], len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	domain, root := h.Domain, h.Root
	for i := range raw {
		raw[i] = 'x'
	}
	if domain != "www.example.com" || root != "example.com" {
		t.Errorf("changed with the buffer: %q, %q", domain, root)
	}
}

func TestHostDoesNotAllocate(t *testing.T) {
	n := NewNormalizer()
	for _, raw := range []string{"https://vpn.example.co.uk:8443/auth", "Bücher.example.de", "android://com.example.app/"} {
		if a := testing.AllocsPerRun(100, func() { _, _ = n.Host(raw) }); a != 0 {
			t.Errorf("Host(%q): %v allocations", raw, a)
		}
	}
	if a := testing.AllocsPerRun(100, func() { n.Login("anna@mail.example.com") }); a != 0 {
		t.Errorf("Login: %v allocations", a)
	}
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"https://u:p@Example.com:443/a", "http://[::1]:80/", "android://ab/c==@com.example.app/",
		"http://https://x.test", "bücher.example.", "//x", "1.2.3.4:5", "file:///x", "x.公司.cn"} {
		f.Add(s)
	}
	n := NewNormalizer()
	f.Fuzz(func(t *testing.T, raw string) {
		h, err := n.Host(raw)
		if err != nil {
			if !errors.Is(err, ErrHost) || h != (Host{}) {
				t.Fatalf("%+v, %v", h, err)
			}
			return
		}
		again, err := n.Host(h.Host)
		if err != nil || again != h {
			t.Fatalf("Host(%q) = %+v, but Host of that %+v, %v", raw, h, again, err)
		}
		if h.Domain != "" {
			checkDomain(t, n, h.Domain, h.Root)
		}
		d, err := n.Domain(raw)
		if err != nil {
			return
		}
		checkDomain(t, n, d, n.Root(d))
	})
}

func checkDomain(t *testing.T, n *Normalizer, domain, root string) {
	t.Helper()
	if again, err := n.Domain(domain); err != nil || again != domain {
		t.Fatalf("domain %q gives %q, %v", domain, again, err)
	}
	if again, err := NewNormalizer().Domain(domain); err != nil || again != domain {
		t.Fatalf("domain %q gives %q, %v when fresh", domain, again, err)
	}
	if got := n.Root(domain); got != root {
		t.Fatalf("root of %q: %q and %q", domain, root, got)
	}
	if got := n.Root(root); got != root {
		t.Fatalf("root of root %q is %q", root, got)
	}
	if !strings.HasSuffix(domain, root) {
		t.Fatalf("root %q of %q", root, domain)
	}
}

func BenchmarkHost(b *testing.B) {
	n := NewNormalizer()
	for b.Loop() {
		_, _ = n.Host("https://vpn.example.co.uk:8443/dana-na/auth/login.php")
	}
}

func BenchmarkHostUncached(b *testing.B) {
	n := NewNormalizer()
	for b.Loop() {
		clear(n.domains.slots)
		n.domains.used = 0
		_, _ = n.Host("https://vpn.example.co.uk:8443/dana-na/auth/login.php")
	}
}

// The empty name stands in every free slot and is no domain all the same.
func TestCacheNeverHoldsTheEmptyName(t *testing.T) {
	n := NewNormalizer()
	for i := range 2 * firstSlots {
		if d, err := n.Domain(""); err == nil {
			t.Fatalf("after %d names the empty one is the domain %q", i, d)
		}
		if _, err := n.Domain("n" + strconv.Itoa(i) + ".example"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInnerUserInfo: no password of a URL inside a URL is kept.
func TestInnerUserInfo(t *testing.T) {
	for raw, want := range map[string]string{
		"https://example.com/https://bob:PW@other.example/":    "https://example.com/https://other.example/",
		"http://foo.example://bob:PW@example.com/":             "http://foo.example://example.com/",
		"https://a:b@example.com/?u=ftp://c:d@x.test/#//e:f@g": "https://example.com/?u=ftp://x.test/#//g",
		"https://example.com//@alice/post":                     "https://example.com//@alice/post",
		"https://example.com/a//b":                             "https://example.com/a//b",
		"https://bob:PW@http://example.com/a":                  "http://example.com/a",
	} {
		h, err := NewNormalizer().Host(raw)
		if err != nil || h.Host != want {
			t.Errorf("%s: %q, %v", raw, h.Host, err)
		}
	}
}
