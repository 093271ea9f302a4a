package archives

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"io"
)

// errPassword says that a password does not fit.
var errPassword = errors.New("the password does not fit")

// unlock finds the password that fits a file and returns how to open it with
// that, nil if none fits. An error ends the archive.
func (z *zipReader) unlock(f *zipFile) (opener func() (io.ReadCloser, error), password string, err error) {
	if f.flags&0x40 != 0 && f.aes == nil || f.method == 99 {
		z.locks.strange = true
		return nil, "", nil
	}
	if z.locks.hopeless() {
		return nil, "", nil
	}
	for _, password := range z.w.passwords {
		if err := z.w.b.check(); err != nil {
			return nil, "", err
		}
		open := func() (io.ReadCloser, error) {
			raw, err := f.decrypt(z.raw(f), password)
			if err != nil {
				return nil, err
			}
			return z.decode(f, raw)
		}
		check := func() error { return probe(open) }
		if f.aes != nil && z.locks.opened > 0 {
			// Two bytes tell whether it fits, and it has fitted before.
			check = func() error {
				_, err := f.decrypt(z.raw(f), password)
				return err
			}
		}
		if err := check(); errors.Is(err, errPassword) {
			continue
		}
		z.locks.opened++
		z.w.fits(password)
		return open, password, nil
	}
	z.locks.failed++
	return nil, "", nil
}

// probe decodes the begin of a file. The check bytes of the old encryption let
// one wrong password of 256 pass; so do not garbled data, mostly.
func probe(open func() (io.ReadCloser, error)) error {
	return safely(func() error {
		rc, err := open()
		if err != nil {
			if errors.Is(err, errPassword) || isDamage(err) {
				return err
			}
			return errPassword
		}
		defer rc.Close()
		n, err := io.CopyN(io.Discard, rc, probeBytes)
		if err != nil && err != io.EOF && (n == 0 || !errors.Is(err, io.ErrUnexpectedEOF)) {
			return errPassword
		}
		return nil
	})
}

// decrypt wraps the data of an encrypted file; errPassword if the password
// does not fit.
func (f *zipFile) decrypt(raw io.Reader, password string) (io.Reader, error) {
	if f.aes != nil {
		return f.aes.reader(raw, password, f.packed)
	}
	r := newZipCrypto(raw, password)
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	check := byte(f.crc >> 24)
	if f.flags&8 != 0 {
		check = byte(f.dosTime >> 8)
	}
	if head[11] != check {
		return nil, errPassword
	}
	return r, nil
}

// zipCrypto is the traditional encryption (6.1).
type zipCrypto struct {
	r    io.Reader
	keys [3]uint32
}

func newZipCrypto(r io.Reader, password string) *zipCrypto {
	z := &zipCrypto{r: r, keys: [3]uint32{0x12345678, 0x23456789, 0x34567890}}
	for i := range len(password) {
		z.update(password[i])
	}
	return z
}

func (z *zipCrypto) update(c byte) {
	k := &z.keys
	k[0] = crc32.IEEETable[byte(k[0])^c] ^ k[0]>>8
	k[1] = (k[1]+k[0]&0xff)*134775813 + 1
	k[2] = crc32.IEEETable[byte(k[2])^byte(k[1]>>24)] ^ k[2]>>8
}

func (z *zipCrypto) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	for i, c := range p[:n] {
		t := z.keys[2] | 2
		c ^= byte(t * (t ^ 1) >> 8)
		z.update(c)
		p[i] = c
	}
	return n, err
}

// zipAES is WinZip's encryption, versions AE-1 and AE-2 (winzip.com/aes_info):
// PBKDF2 with 1,000 rounds of HMAC-SHA1, AES in counter mode, ten bytes of
// HMAC-SHA1 at the end.
type zipAES struct {
	strength byte // 1, 2, 3: keys of 16, 24, 32 bytes
	// The keys of the password that was tried last: making them takes a
	// millisecond.
	password string
	keys     []byte
}

func (a *zipAES) reader(raw io.Reader, password string, packed int64) (io.Reader, error) {
	key, salt := 8+8*int(a.strength), 4+4*int(a.strength)
	left := packed - int64(salt) - 2 - 10
	head := make([]byte, salt+2)
	if left < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if _, err := io.ReadFull(raw, head); err != nil {
		return nil, err
	}
	if a.keys == nil || a.password != password {
		keys, err := pbkdf2.Key(sha1.New, password, head[:salt], 1000, 2*key+2)
		if err != nil {
			return nil, err
		}
		a.password, a.keys = password, keys
	}
	keys := a.keys
	if subtle.ConstantTimeCompare(keys[2*key:], head[salt:]) == 0 {
		return nil, errPassword
	}
	block, err := aes.NewCipher(keys[:key])
	if err != nil {
		return nil, err
	}
	return &aesStream{r: raw, left: left, block: block, mac: hmac.New(sha1.New, keys[key:2*key])}, nil
}

// aesStream decrypts with a little-endian counter from 1, and checks the HMAC.
type aesStream struct {
	r       io.Reader
	left    int64
	block   cipher.Block
	mac     hash.Hash
	counter uint64
	buf     [4096]byte
	stream  []byte // of buf: what is not used yet
}

func (a *aesStream) Read(p []byte) (int, error) {
	if a.left == 0 {
		var sum [10]byte
		if _, err := io.ReadFull(a.r, sum[:]); err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		a.left = -1
		if !hmac.Equal(sum[:], a.mac.Sum(nil)[:10]) {
			return 0, errChecksum
		}
	}
	if a.left < 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > a.left {
		p = p[:a.left]
	}
	n, err := a.r.Read(p)
	a.left -= int64(n)
	a.mac.Write(p[:n])
	for out := p[:n]; len(out) > 0; {
		if len(a.stream) == 0 {
			a.fill()
		}
		k := subtle.XORBytes(out, out, a.stream)
		out, a.stream = out[k:], a.stream[k:]
	}
	if err == io.EOF {
		err = nil
		if a.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// fill makes more of the stream.
func (a *aesStream) fill() {
	var count [16]byte
	for at := 0; at < len(a.buf); at += 16 {
		a.counter++
		binary.LittleEndian.PutUint64(count[:], a.counter)
		a.block.Encrypt(a.buf[at:at+16], count[:])
	}
	a.stream = a.buf[:]
}
