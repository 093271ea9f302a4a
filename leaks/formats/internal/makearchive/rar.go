package makearchive

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
)

// A RarOptions says how a rar is made.
type RarOptions struct {
	Password string // encrypts the files' data
	// Dictionary, if not 0, makes the headers say that the files are packed
	// with one of 128 KiB shifted by so much, and unpack to 1 TiB. They are not.
	Dictionary uint64
}

// Rar makes an archive of version 5 whose files are stored (the format is
// described in rarlab's technote).
func Rar(files []File, o RarOptions) []byte {
	out := []byte("Rar!\x1a\x07\x01\x00")
	out = append(out, rarBlock(1, nil, nil, []byte{0})...)
	for i, f := range files {
		var body, extra []byte
		data := f.Data
		if o.Password != "" {
			data, extra = rarEncrypt(data, o.Password, byte(i))
		}
		body = binary.AppendUvarint(body, 0x06)        // with a time and a sum
		size, method := uint64(len(f.Data)), uint64(0) // stored
		if o.Dictionary > 0 {
			size, method = 1<<40, 3<<7|o.Dictionary<<10
		}
		body = binary.AppendUvarint(body, size)
		body = binary.AppendUvarint(body, 0x20) // attributes
		body = binary.LittleEndian.AppendUint32(body, uint32(Time.Unix()))
		body = binary.LittleEndian.AppendUint32(body, crc32.ChecksumIEEE(f.Data))
		body = binary.AppendUvarint(body, method)
		body = binary.AppendUvarint(body, 0) // made on Windows
		body = binary.AppendUvarint(body, uint64(len(f.Name)))
		body = append(body, f.Name...)
		if data == nil {
			data = []byte{}
		}
		out = append(out, rarBlock(2, extra, data, body)...)
		out = append(out, data...)
	}
	return append(out, rarBlock(5, nil, nil, []byte{0})...)
}

func rarBlock(kind uint64, extra, data, body []byte) []byte {
	flags := uint64(0)
	if extra != nil {
		flags |= 1
	}
	if data != nil {
		flags |= 2
	}
	h := binary.AppendUvarint(nil, kind)
	h = binary.AppendUvarint(h, flags)
	if extra != nil {
		h = binary.AppendUvarint(h, uint64(len(extra)))
	}
	if data != nil {
		h = binary.AppendUvarint(h, uint64(len(data)))
	}
	h = append(append(h, body...), extra...)
	h = append(binary.AppendUvarint(nil, uint64(len(h))), h...)
	return append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(h)), h...)
}

func rarEncrypt(data []byte, password string, salt byte) (packed, extra []byte) {
	const rounds = 4 // 2^4: quick
	s, iv := bytes.Repeat([]byte{salt}, 16), bytes.Repeat([]byte{7}, 16)
	key, err := pbkdf2.Key(sha256.New, password, s, 1<<rounds, 32)
	must(err)
	block, err := aes.NewCipher(key)
	must(err)
	packed = append(bytes.Clone(data), make([]byte, (16-len(data)%16)%16)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(packed, packed)
	rec := append([]byte{1, 0, 0, rounds}, s...)
	rec = append(rec, iv...)
	return packed, append([]byte{byte(len(rec))}, rec...)
}
