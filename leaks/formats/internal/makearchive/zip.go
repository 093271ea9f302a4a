package makearchive

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"encoding/binary"
	"hash/crc32"
)

// A ZipOptions says how a zip is made.
type ZipOptions struct {
	Store    bool   // without compression
	Password string // encrypt: ZipCrypto, or with AES set WinZip's AES-256
	AES      bool
	Streamed bool // sizes behind the data, as archivers write to a pipe
}

// Zip makes a zip.
func Zip(files []File, o ZipOptions) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i, f := range files {
		h := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: Time}
		if o.Store {
			h.Method = zip.Store
		}
		if o.Password == "" && o.Streamed {
			fw, err := w.CreateHeader(h)
			must(err)
			_, err = fw.Write(f.Data)
			must(err)
			continue
		}
		data := f.Data
		if !o.Store {
			data = deflate(data)
		}
		h.CRC32, h.UncompressedSize64 = crc32.ChecksumIEEE(f.Data), uint64(len(f.Data))
		switch {
		case o.AES:
			h.Flags |= 1
			h.Extra = binary.LittleEndian.AppendUint16([]byte{0x01, 0x99, 7, 0, 2, 0, 'A', 'E', 3}, h.Method)
			h.Method, h.CRC32 = 99, 0
			data = zipAES(data, o.Password, byte(i))
		case o.Password != "":
			h.Flags |= 1
			data = zipCrypto(data, o.Password, byte(h.CRC32>>24))
		}
		h.CompressedSize64 = uint64(len(data))
		fw, err := w.CreateRaw(h)
		must(err)
		_, err = fw.Write(data)
		must(err)
	}
	must(w.Close())
	return buf.Bytes()
}

func deflate(data []byte) []byte {
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.BestSpeed)
	must(err)
	_, err = w.Write(data)
	must(err)
	must(w.Close())
	return buf.Bytes()
}

func zipCrypto(data []byte, password string, check byte) []byte {
	k := [3]uint32{0x12345678, 0x23456789, 0x34567890}
	update := func(c byte) {
		k[0] = crc32.IEEETable[byte(k[0])^c] ^ k[0]>>8
		k[1] = (k[1]+k[0]&0xff)*134775813 + 1
		k[2] = crc32.IEEETable[byte(k[2])^byte(k[1]>>24)] ^ k[2]>>8
	}
	for i := range len(password) {
		update(password[i])
	}
	out := append([]byte("elevenbytes"), check)
	out = append(out, data...)
	for i, c := range out {
		t := k[2] | 2
		out[i] = c ^ byte(t*(t^1)>>8)
		update(c)
	}
	return out
}

func zipAES(data []byte, password string, salt byte) []byte {
	s := bytes.Repeat([]byte{salt}, 16)
	keys, err := pbkdf2.Key(sha1.New, password, s, 1000, 66)
	must(err)
	block, err := aes.NewCipher(keys[:32])
	must(err)
	out := append(s, keys[64:]...)
	body := bytes.Clone(data)
	var stream, count [16]byte
	for i := range body {
		if i%16 == 0 {
			binary.LittleEndian.PutUint64(count[:], uint64(i/16+1))
			block.Encrypt(stream[:], count[:])
		}
		body[i] ^= stream[i%16]
	}
	mac := hmac.New(sha1.New, keys[32:64])
	mac.Write(body)
	return append(append(out, body...), mac.Sum(nil)[:10]...)
}

// SplitZip makes a zip and cuts it into parts of size bytes, name.z01, name.z02
// and so on, the last of them name.zip.
func SplitZip(files []File, size int) [][]byte {
	le := binary.LittleEndian
	const mark = 4 // a split archive begins with a mark of its own
	data := append([]byte("PK\x07\x08"), Zip(files, ZipOptions{})...)
	end := bytes.LastIndex(data, []byte("PK\x05\x06"))
	at := mark + int(le.Uint32(data[end+16:]))
	le.PutUint16(data[end+4:], uint16((len(data)-1)/size))
	le.PutUint16(data[end+6:], uint16(at/size))
	le.PutUint32(data[end+16:], uint32(at%size))
	for at < end {
		offset := mark + int(le.Uint32(data[at+42:]))
		le.PutUint16(data[at+34:], uint16(offset/size))
		le.PutUint32(data[at+42:], uint32(offset%size))
		at += 46 + int(le.Uint16(data[at+28:])) + int(le.Uint16(data[at+30:])) + int(le.Uint16(data[at+32:]))
	}
	var parts [][]byte
	for len(data) > size {
		parts, data = append(parts, data[:size]), data[size:]
	}
	return append(parts, data)
}
