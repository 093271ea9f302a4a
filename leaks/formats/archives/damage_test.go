package archives

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/internal/makearchive"
)

// samples are archives of every kind.
func samples(files []makearchive.File) map[string][]byte {
	return map[string][]byte{
		"deflate.zip":  makearchive.Zip(files, makearchive.ZipOptions{}),
		"streamed.zip": makearchive.Zip(files, makearchive.ZipOptions{Streamed: true}),
		"crypt.zip":    makearchive.Zip(files, makearchive.ZipOptions{Password: "p"}),
		"aes.zip":      makearchive.Zip(files, makearchive.ZipOptions{Password: "p", AES: true}),
		"solid.7z":     makearchive.SevenZip(files, makearchive.SevenZipOptions{}),
		"crypt.7z":     makearchive.SevenZip(files, makearchive.SevenZipOptions{Password: "p", PerFolder: 2}),
		"hidden.7z":    makearchive.SevenZip(files, makearchive.SevenZipOptions{Password: "p", HideNames: true}),
		"copy.7z":      makearchive.SevenZip(files, makearchive.SevenZipOptions{Copy: true, PerFolder: 1}),
		"a.rar":        makearchive.Rar(files, makearchive.RarOptions{}),
		"crypt.rar":    makearchive.Rar(files, makearchive.RarOptions{Password: "p"}),
		"a.tar":        makearchive.Tar(files),
		"a.tar.gz":     makearchive.Gzip(makearchive.Tar(files)),
		"a.tar.zst":    makearchive.Zstd(makearchive.Tar(files)),
		"a.tar.xz":     makearchive.Xz(makearchive.Tar(files)),
	}
}

// TestTruncated cuts every kind of archive at many places: what was whole
// before the cut is there, and the cut is told.
func TestTruncated(t *testing.T) {
	files := victims(4)
	for name, data := range samples(files) {
		full := map[string]bool{}
		for _, f := range want(files, name) {
			full[f] = true
		}
		root := filepath.Join(t.TempDir(), name)
		most := 0
		for cut := len(data) - 1; cut > 0; cut -= max(1, len(data)/40) {
			if err := os.WriteFile(root, data[:cut], 0o644); err != nil {
				t.Fatal(err)
			}
			got, damages := read(t, root, Options{Passwords: []string{"p"}})
			whole := 0
			for _, f := range got {
				if full[f] {
					whole++
				}
			}
			most = max(most, whole)
			if len(damages) == 0 && whole < len(files) && cut > 600 {
				t.Errorf("%s cut at %d of %d: %d files whole, and nothing said", name, cut, len(data), whole)
			}
		}
		// A 7z has its directory at the end, so nothing of it is left; so
		// little fits into one block of zstd.
		if least := len(files) - 2; most < least && !strings.HasSuffix(name, ".7z") && name != "a.tar.zst" {
			t.Errorf("%s: at best %d of %d files", name, most, len(files))
		}
	}
}

// TestFlipped changes bytes: whatever is changed in a file's data is told.
func TestFlipped(t *testing.T) {
	files := victims(4)
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, data := range samples(files) {
		full := want(files, name)
		root := filepath.Join(t.TempDir(), name)
		for range 60 {
			bad := bytes.Clone(data)
			for range 1 + rnd.IntN(3) {
				bad[rnd.IntN(len(bad))] ^= byte(1 + rnd.IntN(255))
			}
			if err := os.WriteFile(root, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			got, damages := read(t, root, Options{Passwords: []string{"p"}})
			if len(damages) > 0 || name == "a.tar" {
				continue // a tar has no sums
			}
			for i, f := range got {
				_, content, _ := strings.Cut(f, "=")
				if len(got) == len(full) && !strings.HasSuffix(full[i], "="+content) {
					t.Errorf("%s: content changed silently", name)
				}
			}
		}
	}
}

// zeros is an archive member that packs well.
func zeros(n int) []makearchive.File {
	return []makearchive.File{{Name: "0.txt", Data: []byte("first")}, {Name: "zeros.txt", Data: make([]byte, n)}, {Name: "last.txt", Data: []byte("x")}}
}

// onlyLimit asks that a walk ends at a limit, having seen something before.
func onlyLimit(t *testing.T, name string, data []byte, o Options, detail string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(root, data, 0o644); err != nil {
		t.Fatal(err)
	}
	_, damages := read(t, root, o)
	if len(damages) == 0 {
		t.Errorf("%s: nothing said", name)
		return
	}
	for _, d := range damages {
		if d.Trouble != formats.TroubleLimit {
			t.Errorf("%s: %v", name, d)
		}
	}
	if d := damages[0]; !strings.Contains(d.Detail, detail) {
		t.Errorf("%s: %v, want %q", name, d, detail)
	}
}

func TestBombs(t *testing.T) {
	// By ratio, in every compressed kind.
	big := zeros(4 << 20)
	tarball := makearchive.Tar(big)
	for name, data := range map[string][]byte{
		"r.zip":     makearchive.Zip(big, makearchive.ZipOptions{}),
		"r.7z":      makearchive.SevenZip(big, makearchive.SevenZipOptions{}),
		"r.tar.gz":  makearchive.Gzip(tarball),
		"r.tar.zst": makearchive.Zstd(tarball),
	} {
		onlyLimit(t, name, data, Options{Limits: Limits{free: 1 << 20}}, "times its size")
		onlyLimit(t, name, data, Options{Limits: Limits{Bytes: 1 << 20}}, "bytes unpacked")
		onlyLimit(t, name, data, Options{Limits: Limits{Time: time.Nanosecond}}, "longer than")
		onlyLimit(t, name, data, Options{Limits: Limits{Entries: 2}}, "more than 2 files")
	}

	// By nesting.
	data := makearchive.Zip(zeros(1), makearchive.ZipOptions{})
	for i := range 8 {
		data = makearchive.Zip([]makearchive.File{{Name: fmt.Sprintf("%d.zip", i), Data: data}}, makearchive.ZipOptions{})
	}
	onlyLimit(t, "deep.zip", data, Options{}, "inside each other")
	data = []byte("a:b")
	for range 8 {
		data = makearchive.Gzip(data)
	}
	onlyLimit(t, "deep.gz", data, Options{}, "inside each other")

	// By nested size: what is compressed in another archive is held.
	inner := makearchive.Zip([]makearchive.File{{Name: "n.txt", Data: noise(300 << 10)}}, makearchive.ZipOptions{})
	for name, outer := range map[string][]byte{
		"held.7z":     makearchive.SevenZip([]makearchive.File{{Name: "i.zip", Data: inner}}, makearchive.SevenZipOptions{}),
		"held.tar.gz": makearchive.Gzip(makearchive.Tar([]makearchive.File{{Name: "i.zip", Data: inner}})),
	} {
		onlyLimit(t, name, outer, Options{Limits: Limits{Nested: 200 << 10}}, "held in memory")
	}

	// By files on top of each other: one file, listed a thousand times.
	onlyLimit(t, "overlap.zip", overlapping(1000, 1<<20), Options{Limits: Limits{free: 1 << 20, Ratio: 1100}}, "times its size")
}

func noise(n int) []byte {
	b := make([]byte, n)
	rnd := rand.NewChaCha8([32]byte{1})
	rnd.Read(b)
	return b
}

// overlapping makes a zip whose directory names one file n times.
func overlapping(n, size int) []byte {
	one := makearchive.Zip([]makearchive.File{{Name: "a.txt", Data: make([]byte, size)}}, makearchive.ZipOptions{})
	end, err := readZipEnd(bytes.NewReader(one), int64(len(one)), nil)
	if err != nil {
		panic(err)
	}
	entry := one[end.offset : end.offset+end.size]
	out := append(one[:end.offset:end.offset], bytes.Repeat(entry, n)...)
	tail := bytes.Clone(one[end.offset+end.size:])
	tail[8], tail[9], tail[10], tail[11] = byte(n), byte(n>>8), byte(n), byte(n>>8)
	length := int(end.size) * n
	tail[12], tail[13], tail[14] = byte(length), byte(length>>8), byte(length>>16)
	return append(out, tail...)
}

func TestPathTricks(t *testing.T) {
	var files []makearchive.File
	tricks := map[string]string{
		"../../etc/passwd": "etc/passwd", "/root/x.txt": "root/x.txt", `C:\Users\a.txt`: "Users/a.txt",
		`..\up.txt`: "up.txt", "a/./b//c.txt": "a/b/c.txt", "nul\x01.txt": "nul.txt", "ok/..": "ok", "fine.txt": "fine.txt",
		strings.Repeat("d/", 5000) + "x.txt": "",
	}
	for name := range tricks {
		files = append(files, makearchive.File{Name: name, Data: []byte("x")})
	}
	for name, data := range map[string][]byte{
		"t.zip": makearchive.Zip(files, makearchive.ZipOptions{}), "t.7z": makearchive.SevenZip(files, makearchive.SevenZipOptions{}),
		"t.tar": makearchive.Tar(files), "t.rar": makearchive.Rar(files, makearchive.RarOptions{}),
	} {
		got, damages := read(t, write(t, map[string][]byte{name: data}), Options{})
		for _, clean := range tricks {
			if clean != "" && !slices.Contains(got, name+"!/"+clean+"=x") {
				t.Errorf("%s: no %s in %.200q", name, clean, got)
			}
		}
		for _, f := range got {
			if strings.Contains(f, "..") || strings.Contains(f, "!//") || len(f) > maxName+40 {
				t.Errorf("%s: %.100q", name, f)
			}
		}
		if len(damages) < 6 {
			t.Errorf("%s: %v", name, damages)
		}
		for _, d := range damages {
			if d.Trouble != formats.TroublePath {
				t.Errorf("%s: %v", name, d)
			}
		}
	}
}

func TestLinks(t *testing.T) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range []tar.Header{
		{Name: "s", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, {Name: "h", Typeflag: tar.TypeLink, Linkname: "s"},
		{Name: "c", Typeflag: tar.TypeChar}, {Name: "p", Typeflag: tar.TypeFifo}, {Name: "d/", Typeflag: tar.TypeDir}, {Name: "f", Typeflag: tar.TypeReg},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var zbuf bytes.Buffer
	zw := zip.NewWriter(&zbuf)
	h := &zip.FileHeader{Name: "s"}
	h.SetMode(os.ModeSymlink | 0o777)
	if f, err := zw.CreateHeader(h); err != nil {
		t.Fatal(err)
	} else if _, err := f.Write([]byte("/etc/passwd")); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	got, damages := read(t, write(t, map[string][]byte{"l.tar": buf.Bytes(), "l.zip": zbuf.Bytes()}), Options{})
	if !slices.Equal(got, []string{"l.tar!/f="}) || len(damages) != 5 {
		t.Errorf("%q %v", got, damages)
	}
	for _, d := range damages {
		if d.Trouble != formats.TroubleSpecial {
			t.Error(d)
		}
	}
}

// TestMissingVolume leaves out the second of three.
func TestMissingVolume(t *testing.T) {
	data := makearchive.SevenZip(victims(9), makearchive.SevenZipOptions{})
	got, damages := read(t, write(t, map[string][]byte{"a.7z.001": data[:300], "a.7z.003": data[600:]}), Options{})
	if len(damages) != 1 || damages[0].Trouble != formats.TroubleDamaged {
		t.Errorf("%d files, %v", len(got), damages)
	}
}
