package archives

import (
	"bytes"
	"path"
	"strconv"
	"strings"
)

// A kind is a container by its content.
type kind uint8

const (
	plain kind = iota
	kindZip
	kindRar
	kind7z
	kindTar
	kindGzip
	kindZstd
	kindXz
	kindBzip2
)

// sniffBytes is how much of a file sniff wants to see.
const sniffBytes = 512

var sevenZipMagic = []byte("7z\xbc\xaf\x27\x1c")

// sniff tells a container by the file's first bytes.
func sniff(head []byte) kind {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")),
		bytes.HasPrefix(head, []byte("PK\x07\x08PK\x03\x04")):
		return kindZip
	case bytes.HasPrefix(head, []byte("Rar!\x1a\x07\x00")), bytes.HasPrefix(head, []byte("Rar!\x1a\x07\x01\x00")):
		return kindRar
	case bytes.HasPrefix(head, sevenZipMagic):
		return kind7z
	case bytes.HasPrefix(head, []byte("\x1f\x8b\x08")):
		return kindGzip
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")),
		len(head) >= 8 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte("\x2a\x4d\x18")):
		return kindZstd
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return kindXz
	case len(head) >= 10 && bytes.HasPrefix(head, []byte("BZh")) && '1' <= head[3] && head[3] <= '9' &&
		(bytes.Equal(head[4:10], []byte("\x31\x41\x59\x26\x53\x59")) || bytes.Equal(head[4:10], []byte("\x17\x72\x45\x38\x50\x90"))):
		return kindBzip2
	case isTar(head):
		return kindTar
	}
	return plain
}

// isTar reports whether head begins with a tar header whose checksum holds.
func isTar(head []byte) bool {
	if len(head) < 512 {
		return false
	}
	want, err := strconv.ParseInt(string(bytes.Trim(head[148:156], " \x00")), 8, 64)
	if err != nil {
		return false
	}
	sum := int64(0)
	for i, c := range head[:512] {
		if 148 <= i && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	return sum == want && head[0] != 0
}

// documents are the extensions of what is a zip file, or could look like an
// archive, but holds no logs.
var documents = extensions(`docx xlsx pptx docm xlsm pptm odt ods odp jar war ear apk aab ipa xpi crx
	epub vsix whl nupkg 3mf cbz cbr kmz`)

// texts are the extensions of what is not asked whether it is an archive when
// it lies in one.
var texts = extensions(`txt csv tsv json jsonl ndjson log lst md html htm xml ini cfg conf
	jpg jpeg png gif bmp webp ico pdf rtf doc xls ppt exe dll sys msi lnk db sqlite ldb mp3 mp4 avi`)

func extensions(list string) map[string]bool {
	m := map[string]bool{}
	for ext := range strings.FieldsSeq(list) {
		m["."+ext] = true
	}
	return m
}

// isDocument reports whether a file is a document by its name.
func isDocument(name string) bool { return documents[strings.ToLower(path.Ext(name))] }

// saysPlain reports whether a file in an archive is by its name none.
func saysPlain(name string) bool { return isDocument(name) || texts[strings.ToLower(path.Ext(name))] }

// unpackedName is the name of what a compressed file holds.
func unpackedName(name string) string {
	base := path.Base(name)
	// Lower case may be longer than what it is made of.
	stem := strings.TrimSuffix(base, path.Ext(base))
	switch strings.ToLower(path.Ext(base)) {
	case ".tgz", ".tzst", ".txz", ".tbz", ".tbz2":
		return stem + ".tar"
	case ".gz", ".zst", ".zstd", ".xz", ".bz2", ".gzip", ".z":
		if stem != "" {
			return stem
		}
	}
	return base
}
