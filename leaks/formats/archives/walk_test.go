package archives

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/internal/makearchive"
)

// read walks root and lists "place=content" of every entry, and every damage
// as "place: trouble".
func read(t *testing.T, root string, o Options) (files []string, damages []*formats.Damage) {
	t.Helper()
	for e, err := range Walk(t.Context(), root, o) {
		var d *formats.Damage
		if errors.As(err, &d) {
			damages = append(damages, d)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := readAll(e)
		if errors.As(err, &d) {
			damages = append(damages, d)
		} else if err != nil {
			t.Fatal(err)
		} else if e.Size >= 0 && e.Size != int64(len(data)) {
			t.Errorf("%s: Size %d, has %d", e.Place(), e.Size, len(data))
		}
		files = append(files, e.Place()+"="+string(data))
	}
	return files, damages
}

func readAll(e formats.Entry) ([]byte, error) {
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// write makes files in a folder.
func write(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// victims are files of n logs, one of them empty.
func victims(n int) (files []makearchive.File) {
	for i := range n {
		files = append(files,
			makearchive.File{Name: fmt.Sprintf("log%03d/Passwords.txt", i), Data: fmt.Appendf(nil, "URL: https://%d.example/\nUsername: u%d\nPassword: p%d\n%s", i, i, i, strings.Repeat("=", i*7))},
			makearchive.File{Name: fmt.Sprintf("log%03d/empty.txt", i)},
			makearchive.File{Name: fmt.Sprintf("log%03d/пароли.txt", i), Data: []byte("имя")})
	}
	return files
}

func want(files []makearchive.File, archive string) (list []string) {
	for _, f := range files {
		list = append(list, archive+"!/"+f.Name+"="+string(f.Data))
	}
	return list
}

func TestEveryContainer(t *testing.T) {
	files := victims(40)
	const pw = "Пароль 1"
	for name, c := range map[string]struct {
		data []byte
		file string
		pw   bool
	}{
		"deflate":      {makearchive.Zip(files, makearchive.ZipOptions{}), "a.zip", false},
		"store":        {makearchive.Zip(files, makearchive.ZipOptions{Store: true}), "a.zip", false},
		"streamed":     {makearchive.Zip(files, makearchive.ZipOptions{Streamed: true}), "a.zip", false},
		"sfx":          {append([]byte("MZ program"), makearchive.Zip(files, makearchive.ZipOptions{})...), "a.zip", false},
		"zipcrypto":    {makearchive.Zip(files, makearchive.ZipOptions{Password: pw}), "a.zip", true},
		"zipcrypto0":   {makearchive.Zip(files, makearchive.ZipOptions{Password: pw, Store: true}), "a.zip", true},
		"zipaes":       {makearchive.Zip(files, makearchive.ZipOptions{Password: pw, AES: true}), "a.zip", true},
		"zipaes0":      {makearchive.Zip(files, makearchive.ZipOptions{Password: pw, AES: true, Store: true}), "a.zip", true},
		"rar":          {makearchive.Rar(files, makearchive.RarOptions{}), "a.rar", false},
		"rarcrypt":     {makearchive.Rar(files, makearchive.RarOptions{Password: pw}), "a.rar", true},
		"7z":           {makearchive.SevenZip(files, makearchive.SevenZipOptions{}), "a.7z", false},
		"7zcopy":       {makearchive.SevenZip(files, makearchive.SevenZipOptions{Copy: true, PerFolder: 1}), "a.7z", false},
		"7zfolders":    {makearchive.SevenZip(files, makearchive.SevenZipOptions{PerFolder: 7}), "a.7z", false},
		"7zcrypt":      {makearchive.SevenZip(files, makearchive.SevenZipOptions{Password: pw, PerFolder: 9}), "a.7z", true},
		"7zcryptcopy":  {makearchive.SevenZip(files, makearchive.SevenZipOptions{Password: pw, Copy: true}), "a.7z", true},
		"7zhidden":     {makearchive.SevenZip(files, makearchive.SevenZipOptions{Password: pw, HideNames: true}), "a.7z", true},
		"tar":          {makearchive.Tar(files), "a.tar", false},
		"tar.gz":       {makearchive.Gzip(makearchive.Tar(files)), "a.tar.gz", false},
		"tgz":          {makearchive.Gzip(makearchive.Tar(files)), "a.tgz", false},
		"tar.zst":      {makearchive.Zstd(makearchive.Tar(files)), "a.tar.zst", false},
		"tar.xz":       {makearchive.Xz(makearchive.Tar(files)), "a.tar.xz", false},
		"another name": {makearchive.Zip(files, makearchive.ZipOptions{}), "a.txt", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string][]byte{c.file: c.data})
			var o Options
			if c.pw {
				got, damages := read(t, dir, o)
				if len(damages) != 1 || damages[0].Trouble != formats.TroubleEncrypted || damages[0].Path != c.file {
					t.Errorf("without a password: %v", damages)
				}
				for _, f := range got {
					if !strings.HasSuffix(f, "empty.txt=") {
						t.Errorf("without a password: %.60q", f)
					}
				}
				o.Passwords = []string{"wrong", "again wrong", pw, "no"}
			}
			for _, root := range []string{dir, filepath.Join(dir, c.file)} {
				got, damages := read(t, root, o)
				if len(damages) > 0 {
					t.Error(damages[0])
				}
				if w := want(files, c.file); !slices.Equal(got, w) {
					t.Errorf("%d files, want %d; first %.80q", len(got), len(w), got[:min(1, len(got))])
				}
			}
			// And through a stream, as from standard input.
			n := 0
			for e, err := range Stream(t.Context(), bytes.NewReader(c.data), c.file, o) {
				if err != nil {
					if name == "rarcrypt" {
						continue
					}
					t.Fatal(err)
				}
				if data, err := readAll(e); err == nil && e.Place()+"="+string(data) == want(files, c.file)[n] {
					n++
				}
			}
			if n != len(files) && name != "sfx" {
				t.Errorf("streamed: %d files of %d", n, len(files))
			}
		})
	}
}

func TestNested(t *testing.T) {
	files := victims(3)
	inner := map[string][]byte{
		"i.zip":     makearchive.Zip(files, makearchive.ZipOptions{}),
		"i.7z":      makearchive.SevenZip(files, makearchive.SevenZipOptions{}),
		"i.rar":     makearchive.Rar(files, makearchive.RarOptions{}),
		"i.tar":     makearchive.Tar(files),
		"i.tar.gz":  makearchive.Gzip(makearchive.Tar(files)),
		"i.tar.xz":  makearchive.Xz(makearchive.Tar(files)),
		"i.tar.zst": makearchive.Zstd(makearchive.Tar(files)),
	}
	for in, data := range inner {
		member := []makearchive.File{{Name: "first.txt", Data: []byte("1")}, {Name: "d/" + in, Data: data}, {Name: "last.txt", Data: []byte("2")}}
		for out, whole := range map[string][]byte{
			"o.zip":    makearchive.Zip(member, makearchive.ZipOptions{}),
			"o0.zip":   makearchive.Zip(member, makearchive.ZipOptions{Store: true}),
			"o.7z":     makearchive.SevenZip(member, makearchive.SevenZipOptions{}),
			"o.rar":    makearchive.Rar(member, makearchive.RarOptions{}),
			"o.tar":    makearchive.Tar(member),
			"o.tar.gz": makearchive.Gzip(makearchive.Tar(member)),
		} {
			t.Run(in+" in "+out, func(t *testing.T) {
				root := filepath.Join(write(t, map[string][]byte{out: whole}), out)
				got, damages := read(t, root, Options{})
				w := append([]string{out + "!/first.txt=1"}, want(files, out+"!/d/"+in)...)
				w = append(w, out+"!/last.txt=2")
				if !slices.Equal(got, w) || len(damages) > 0 {
					t.Errorf("%d files %.100q %v", len(got), got, damages)
				}
				// One level less, and it stays shut.
				got, damages = read(t, root, Options{Limits: Limits{Depth: 1}})
				if len(got) != 2 || len(damages) != 1 || damages[0].Trouble != formats.TroubleLimit {
					t.Errorf("depth 1: %d files, %v", len(got), damages)
				}
				// Below a folder to be skipped, too.
				got, damages = read(t, root, Options{Skip: func(p string) bool { return strings.HasPrefix(p, "d/") }})
				if len(got) != 3 || len(damages) != 0 {
					t.Errorf("skipped: %d files, %v", len(got), damages)
				}
			})
		}
	}
}

func TestPlainCompressed(t *testing.T) {
	for name, c := range map[string]struct {
		data  []byte
		place string
	}{
		"combo.txt.gz":  {makearchive.Gzip([]byte("a:b")), "combo.txt.gz!/combo.txt"},
		"combo.txt.zst": {makearchive.Zstd([]byte("a:b")), "combo.txt.zst!/combo.txt"},
		"combo.xz":      {makearchive.Xz([]byte("a:b")), "combo.xz!/combo"},
		"twice.gz.gz":   {makearchive.Gzip(makearchive.Gzip([]byte("a:b"))), "twice.gz.gz!/twice.gz!/twice"},
	} {
		got, damages := read(t, write(t, map[string][]byte{name: c.data}), Options{})
		if len(got) != 1 || got[0] != c.place+"=a:b" || len(damages) > 0 {
			t.Errorf("%s: %q %v", name, got, damages)
		}
	}
}

func TestFolder(t *testing.T) {
	zip := makearchive.Zip(victims(2), makearchive.ZipOptions{})
	dir := write(t, map[string][]byte{
		"b/x.txt": []byte("2"), "a.txt": []byte("1"), "c/y.txt": []byte("3"), "d.docx": zip,
		"v.zip.001": zip[:100], "v.zip.002": zip[100:150], "v.zip.003": zip[150:],
		"z.zip": zip,
	})
	if err := os.Symlink("/etc", filepath.Join(dir, "m")); err != nil {
		t.Skip(err)
	}
	got, damages := read(t, dir, Options{})
	w := []string{"a.txt=1", "b/x.txt=2", "c/y.txt=3", "d.docx=" + string(zip)}
	w = append(append(w, want(victims(2), "v.zip")...), want(victims(2), "z.zip")...)
	if !slices.Equal(got, w) {
		t.Errorf("got %q", got)
	}
	if len(damages) != 1 || damages[0].Path != "m" || damages[0].Trouble != formats.TroubleSpecial {
		t.Errorf("damages %v", damages)
	}
	got, _ = read(t, dir, Options{Loose: true})
	if !slices.Equal(got, w[:4]) {
		t.Errorf("loose: %q", got)
	}
	list, err := Archives(t.Context(), dir, Options{})
	if err != nil || len(list) != 2 || filepath.Base(list[0]) != "v.zip.001" || filepath.Base(list[1]) != "z.zip" {
		t.Errorf("archives %q %v", list, err)
	}
}

func TestRootMissing(t *testing.T) {
	for _, err := range Walk(t.Context(), filepath.Join(t.TempDir(), "no"), Options{}) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
		return
	}
	t.Error("nothing said")
}

// TestUnread skips entries, opens some twice, and stops early.
func TestUnread(t *testing.T) {
	files := victims(9)
	for name, data := range map[string][]byte{
		"a.zip": makearchive.Zip(files, makearchive.ZipOptions{}), "a.7z": makearchive.SevenZip(files, makearchive.SevenZipOptions{PerFolder: 5}),
		"a.rar": makearchive.Rar(files, makearchive.RarOptions{}), "a.tar.gz": makearchive.Gzip(makearchive.Tar(files)),
	} {
		root := filepath.Join(write(t, map[string][]byte{name: data}), name)
		w := want(files, name)
		var old io.Reader
		i := 0
		for e, err := range Walk(t.Context(), root, Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			if old != nil {
				if _, err := old.Read(make([]byte, 1)); err == nil {
					t.Errorf("%s: an entry outlives its turn", name)
				}
				old = nil
			}
			switch i % 4 {
			case 0, 3:
				r, err := e.Open()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := r.Read(make([]byte, 2)); err != nil && err != io.EOF {
					t.Error(err)
				}
				old = r
			case 1:
				data, err := readAll(e)
				if err != nil || e.Place()+"="+string(data) != w[i] {
					t.Errorf("%s: %q %v", name, data, err)
				}
			}
			i++
			if i == 25 {
				break
			}
		}
		if i != 25 {
			t.Errorf("%s: %d", name, i)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := write(t, map[string][]byte{"a.zip": makearchive.Zip(victims(50), makearchive.ZipOptions{})})
	var last error
	for _, err := range Walk(ctx, dir, Options{}) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Error(last)
	}
}

func TestVolumes(t *testing.T) {
	dir := write(t, map[string][]byte{"a.7z.001": nil, "a.7z.002": nil, "b.7z.002": nil, "c.part1.rar": nil, "c.part2.rar": nil, "d.rar": nil, "d.r00": nil, "d.txt": nil})
	for first, n := range map[string]int{"a.7z.001": 2, "c.part1.rar": 2, "d.rar": 2, "d.txt": 1} {
		if list, err := Volumes(filepath.Join(dir, first)); err != nil || len(list) != n {
			t.Errorf("%s: %q %v", first, list, err)
		}
	}
}

// TestSplitZip reads a zip in parts, all of them and not all of them.
func TestSplitZip(t *testing.T) {
	files := victims(20)
	parts := makearchive.SplitZip(files, 3001)
	if len(parts) < 3 {
		t.Fatal(len(parts), "parts")
	}
	for _, ext := range []string{"zip", "ZIP"} {
		on := map[string][]byte{"a." + ext: parts[len(parts)-1]}
		for i, part := range parts[:len(parts)-1] {
			on[fmt.Sprintf("a.%c%02d", ext[0], i+1)] = part
		}
		dir := write(t, on)
		got, damages := read(t, dir, Options{})
		if w := want(files, "a."+ext); !slices.Equal(got, w) || len(damages) > 0 {
			t.Errorf("%s: %d files of %d, %v", ext, len(got), len(w), damages)
		}
		if list, err := Volumes(filepath.Join(dir, "a."+ext)); err != nil || len(list) != len(parts) {
			t.Errorf("volumes %q %v", list, err)
		}
		if err := os.Remove(filepath.Join(dir, fmt.Sprintf("a.%c02", ext[0]))); err != nil {
			t.Fatal(err)
		}
		_, damages = read(t, filepath.Join(dir, "a."+ext), Options{})
		if len(damages) != 1 || damages[0].Trouble != formats.TroubleDamaged || !strings.Contains(damages[0].Detail, "not all parts") {
			t.Errorf("without the second: %v", damages)
		}
	}
}
