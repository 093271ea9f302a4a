package makearchive

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"unicode/utf16"

	"github.com/ulikunitz/xz/lzma"
)

// A SevenZipOptions says how a 7z is made.
type SevenZipOptions struct {
	Copy       bool   // without compression
	PerFolder  int    // files packed together; 0: all
	Password   string // encrypts the data
	HideNames  bool   // and the directory
	Dictionary byte   // property of LZMA2; 0: 1 MiB
}

// A folder's coders, from the files' side to the packed side.
type szCoder struct {
	id    []byte
	props []byte
	size  int
}

// SevenZip makes a 7z (7zFormat.txt of the LZMA SDK).
func SevenZip(files []File, o SevenZipOptions) []byte {
	if o.PerFolder == 0 {
		o.PerFolder = max(1, len(files))
	}
	var packed []byte
	var sizes []int
	var folders [][]szCoder
	var groups [][]File
	var full []File
	for _, f := range files {
		if len(f.Data) > 0 {
			full = append(full, f)
		}
	}
	for len(full) > 0 {
		n := min(o.PerFolder, len(full))
		var plain []byte
		for _, f := range full[:n] {
			plain = append(plain, f.Data...)
		}
		body, coders := szPack(plain, o)
		packed = append(packed, body...)
		sizes, folders, groups = append(sizes, len(body)), append(folders, coders), append(groups, full[:n])
		full = full[n:]
	}
	h := []byte{0x01}
	if len(folders) > 0 {
		h = append(h, 0x04)
		h = szStreams(h, 0, sizes, folders, nil)
		h = append(h, 0x08, 0x0d)
		for _, g := range groups {
			h = szNumber(h, uint64(len(g)))
		}
		h = append(h, 0x09)
		for _, g := range groups {
			for _, f := range g[:len(g)-1] {
				h = szNumber(h, uint64(len(f.Data)))
			}
		}
		h = append(h, 0x0a, 1)
		for _, g := range groups {
			for _, f := range g {
				h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE(f.Data))
			}
		}
		h = append(h, 0, 0)
	}
	h = szFiles(h, files)
	h = append(h, 0)
	if o.HideNames && o.Password != "" {
		body := szEncrypt(h, o.Password)
		coders := []szCoder{{szAESID, szAESProps, len(h)}}
		crc := crc32.ChecksumIEEE(h)
		at := len(packed)
		packed = append(packed, body...)
		h = szStreams([]byte{0x17}, at, []int{len(body)}, [][]szCoder{coders}, &crc)
		h = append(h, 0)
	}
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(packed)))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(h)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(h))
	out := []byte("7z\xbc\xaf\x27\x1c\x00\x04")
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(start))
	return append(append(append(out, start...), packed...), h...)
}

var (
	szAESID    = []byte{0x06, 0xf1, 0x07, 0x01}
	szAESProps = append([]byte{0x40 | 6, 0x0f}, bytes.Repeat([]byte{9}, 16)...) // 2^6 rounds
)

func szPack(plain []byte, o SevenZipOptions) ([]byte, []szCoder) {
	var coders []szCoder
	body := plain
	if !o.Copy {
		if o.Dictionary == 0 {
			o.Dictionary = 16
		}
		var buf bytes.Buffer
		w, err := lzma.Writer2Config{DictCap: 1 << 20}.NewWriter2(&buf)
		must(err)
		_, err = w.Write(plain)
		must(err)
		must(w.Close())
		body = buf.Bytes()
		coders = append(coders, szCoder{[]byte{0x21}, []byte{o.Dictionary}, len(plain)})
	} else {
		coders = append(coders, szCoder{[]byte{0x00}, nil, len(plain)})
	}
	if o.Password != "" {
		coders = append(coders, szCoder{szAESID, szAESProps, len(body)})
		body = szEncrypt(body, o.Password)
	}
	return body, coders
}

func szEncrypt(data []byte, password string) []byte {
	h := sha256.New()
	var pw []byte
	for _, u := range utf16.Encode([]rune(password)) {
		pw = binary.LittleEndian.AppendUint16(pw, u)
	}
	for i := range uint64(1 << 6) {
		h.Write(pw)
		h.Write(binary.LittleEndian.AppendUint64(nil, i))
	}
	block, err := aes.NewCipher(h.Sum(nil))
	must(err)
	out := append(bytes.Clone(data), make([]byte, (16-len(data)%16)%16)...)
	cipher.NewCBCEncrypter(block, bytes.Repeat([]byte{9}, 16)).CryptBlocks(out, out)
	return out
}

// szStreams writes pack info and unpack info.
func szStreams(h []byte, at int, sizes []int, folders [][]szCoder, crc *uint32) []byte {
	h = szNumber(append(h, 0x06), uint64(at))
	h = szNumber(h, uint64(len(sizes)))
	h = append(h, 0x09)
	for _, n := range sizes {
		h = szNumber(h, uint64(n))
	}
	h = append(h, 0, 0x07, 0x0b)
	h = szNumber(h, uint64(len(folders)))
	h = append(h, 0)
	for _, coders := range folders {
		h = szNumber(h, uint64(len(coders)))
		for _, c := range coders {
			flags := byte(len(c.id))
			if c.props != nil {
				flags |= 0x20
			}
			h = append(append(h, flags), c.id...)
			if c.props != nil {
				h = append(szNumber(h, uint64(len(c.props))), c.props...)
			}
		}
		for i := range len(coders) - 1 { // coder i takes what coder i+1 gives
			h = szNumber(szNumber(h, uint64(i)), uint64(i+1))
		}
	}
	h = append(h, 0x0c)
	for _, coders := range folders {
		for _, c := range coders {
			h = szNumber(h, uint64(c.size))
		}
	}
	if crc != nil {
		h = binary.LittleEndian.AppendUint32(append(h, 0x0a, 1), *crc)
	}
	return append(h, 0)
}

func szFiles(h []byte, files []File) []byte {
	h = szNumber(append(h, 0x05), uint64(len(files)))
	empty := make([]byte, (len(files)+7)/8)
	n := 0
	for i, f := range files {
		if len(f.Data) == 0 {
			empty[i/8] |= 0x80 >> (i % 8)
			n++
		}
	}
	if n > 0 {
		h = append(szNumber(append(h, 0x0e), uint64(len(empty))), empty...)
		all := bytes.Repeat([]byte{0xff}, (n+7)/8)
		h = append(szNumber(append(h, 0x0f), uint64(len(all))), all...)
	}
	names := []byte{0}
	times := []byte{1, 0}
	for _, f := range files {
		for _, u := range utf16.Encode([]rune(f.Name + "\x00")) {
			names = binary.LittleEndian.AppendUint16(names, u)
		}
		times = binary.LittleEndian.AppendUint64(times, uint64(Time.Unix())*1e7+116444736000000000)
	}
	h = append(szNumber(append(h, 0x11), uint64(len(names))), names...)
	h = append(szNumber(append(h, 0x14), uint64(len(times))), times...)
	return append(h, 0)
}

// szNumber writes 7z's variable-length integer in its longest form but one.
func szNumber(h []byte, v uint64) []byte {
	switch {
	case v < 0x80:
		return append(h, byte(v))
	case v < 1<<14:
		return append(h, 0x80|byte(v>>8), byte(v))
	}
	return binary.LittleEndian.AppendUint64(append(h, 0xff), v)
}
