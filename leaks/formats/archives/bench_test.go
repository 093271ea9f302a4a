package archives

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/internal/makearchive"
)

// redline makes n invented logs of each credentials.
func redline(n, each int) (files []makearchive.File, size int64) {
	for v := range n {
		dir := fmt.Sprintf("DE[%032X] [2024-08-10T07_20_02]/", v)
		var creds strings.Builder
		for i := range each {
			fmt.Fprintf(&creds, "URL: https://www.shop%d.example/login/path?x=%d\r\nUsername: user%d@example.com\r\nPassword: pass%d word\r\nApplication: Google_[Chrome]_Default\r\n===============\r\n",
				(v*7919+i*31)%9973, i*i, v*each+i, i*2654435761%1000003)
		}
		system := fmt.Sprintf("Build ID: b\r\nIP: 192.0.2.%d\r\nUserName: u%d\r\nMachineName: PC%d\r\nCountry: DE\r\nHWID: %032X\r\nLog date: 20.08.2024 7:20:02\r\n", v%250, v, v, v)
		files = append(files,
			makearchive.File{Name: dir + "Passwords.txt", Data: []byte(creds.String())},
			makearchive.File{Name: dir + "UserInformation.txt", Data: []byte(system)})
		size += int64(creds.Len() + len(system))
	}
	return files, size
}

// BenchmarkParse parses the same 500 logs, 60 MB of text, from every container,
// to records with their machines' facts.
func BenchmarkParse(b *testing.B) {
	const victims, each = 500, 800
	files, size := redline(victims, each)
	dir := b.TempDir()
	for _, f := range files {
		full := filepath.Join(dir, "folder", f.Name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(full, f.Data, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	tarball := makearchive.Tar(files)
	for _, c := range []struct {
		name string
		data func() []byte
	}{
		{"folder", nil},
		{"a.zip", func() []byte { return makearchive.Zip(files, makearchive.ZipOptions{}) }},
		{"aes.zip", func() []byte { return makearchive.Zip(files, makearchive.ZipOptions{Password: "p", AES: true}) }},
		{"a.tar.gz", func() []byte { return makearchive.Gzip(tarball) }},
		{"a.tar.zst", func() []byte { return makearchive.Zstd(tarball) }},
		{"stored.rar", func() []byte { return makearchive.Rar(files, makearchive.RarOptions{}) }},
		{"lzma2.7z", func() []byte { return makearchive.SevenZip(files, makearchive.SevenZipOptions{}) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			root := filepath.Join(dir, c.name)
			if c.data != nil {
				if err := os.WriteFile(root, c.data(), 0o644); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(size)
			for b.Loop() {
				n := 0
				for item, err := range formats.Parse(b.Context(), Walk(b.Context(), root, Options{Passwords: []string{"p"}}), formats.ParseOptions{}) {
					if err != nil {
						b.Fatal(err)
					}
					if item.Record != nil && item.Record.ComputerName != "" {
						n++
					}
				}
				if n != victims*each {
					b.Fatalf("%d records", n)
				}
			}
		})
	}
}
