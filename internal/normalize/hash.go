package normalize

import (
	"crypto/cipher"
	"encoding/binary"

	"github.com/zeebo/blake3"
)

// The contexts under which the store's key is split, one for each use, so that
// no output of one can serve as an output of another. They are part of the
// store format: changing one changes every hash, and the key check must change
// with it, so that stores with other hashes are refused.
const (
	contextCredential = "leakscope 2026-11-22 credential hash v2"
	contextPassword   = "leakscope 2026-11-22 password digest v2"
	contextCheck      = "leakscope 2026-11-22 key check v2"
	contextMAC        = "leakscope 2026-11-21 message authentication v1"
	contextDocument   = "leakscope 2026-11-22 document identity v1"
	contextCard       = "leakscope 2026-11-22 card identity v1"
	contextPieces     = "leakscope 2026-11-22 tags of an input's pieces v1"
	contextInput      = "leakscope 2026-11-22 input identity v1"
)

// A Hasher computes the keyed hashes of one store, each use under a key of its
// own that BLAKE3 derives from the store's. Without the key nobody can compute,
// check or guess anything by them; with equal keys the results are equal on any
// machine.
//
// What every record needs, the hash of its credential and the digest of its
// password, is SipHash-2-4: a keyed pseudo-random function like BLAKE3 in keyed
// mode, and on some 60 bytes three times as fast. That its key has 128 bits is
// as good here, where the outputs have at most as many. What is needed seldom,
// and may be long, is BLAKE3 itself.
//
// A Hasher is for one goroutine at a time; Clone makes one for another.
type Hasher struct {
	credential, password sipKey
	mac, document, card  *blake3.Hasher
	input                *blake3.Hasher
	check                [16]byte

	pieces    cipher.AEAD // of AppendPiece, unless piecesErr
	piecesErr error

	sum  [32]byte // a field because it would escape to the heap, once a call
	buf  []byte   // what is hashed
	room [3*shortField + 16]byte
}

// shortField is below what length a text is copied in the short way: its length
// is one byte then.
const shortField = 128

// keptBuffer bounds the room for what is hashed that a Hasher keeps.
const keptBuffer = 64 << 10

// NewHasher derives the keys of a Hasher from the store's key.
func NewHasher(key [32]byte) *Hasher {
	h := &Hasher{
		credential: newSipKey(subKey(contextCredential, &key)),
		password:   newSipKey(subKey(contextPassword, &key)),
		mac:        derived(contextMAC, &key),
		document:   derived(contextDocument, &key),
		card:       derived(contextCard, &key),
		input:      derived(contextInput, &key),
	}
	h.pieces, h.piecesErr = newPieces(subKey(contextPieces, &key))
	check := derived(contextCheck, &key)
	h.check = [16]byte(check.Sum(h.sum[:0]))
	return h
}

// subKey returns the key that BLAKE3's key derivation gives for a context.
func subKey(context string, key *[32]byte) *[32]byte {
	var sub [32]byte
	blake3.DeriveKey(context, key[:], sub[:])
	return &sub
}

// derived returns a keyed hasher under the key of a context.
func derived(context string, key *[32]byte) *blake3.Hasher {
	h, err := blake3.NewKeyed(subKey(context, key)[:])
	if err != nil { // only another length than 32 can do that
		return blake3.NewDeriveKey(context)
	}
	return h
}

// Clone returns a Hasher of the same key for use by another goroutine. It must
// not run while h is in use.
func (h *Hasher) Clone() *Hasher {
	return &Hasher{
		credential: h.credential,
		password:   h.password,
		mac:        h.mac.Clone(),
		document:   h.document.Clone(),
		card:       h.card.Clone(),
		input:      h.input.Clone(),
		check:      h.check,
		pieces:     h.pieces,
		piecesErr:  h.piecesErr,
	}
}

// Credential returns the hash that identifies a credential: 128 bits over the
// normalised username, the password's exact bytes and the domain, each after
// its length, so that no two different triples are hashed as the same bytes.
func (h *Hasher) Credential(username, password, domain string) (credential [16]byte) {
	credential, _ = h.Hashes(username, password, domain)
	return credential
}

// Hashes returns what Credential and Password do, in less time than both take.
func (h *Hasher) Hashes(username, password, domain string) (credential [16]byte, digest uint64) {
	if len(username)|len(password)|len(domain) < shortField {
		b := &h.room
		b[0] = byte(len(username))
		n := 1 + copy(b[1:], username)
		b[n] = byte(len(password))
		from := n + 1
		n = from + copy(b[from:], password)
		b[n] = byte(len(domain))
		n += 1 + copy(b[n+1:], domain)
		return sumBoth(h.credential, h.password, sipPadded(b[:], n), from, len(password))
	}
	b := appendField(h.buf[:0], username)
	b = appendField(b, password)
	b = sipPad(appendField(b, domain))
	h.keep(b)
	return h.credential.sum128(b), h.Password(password)
}

// Document returns the hash that identifies a document by some of its texts, of
// which there are always as many.
func (h *Hasher) Document(texts ...string) [16]byte { return h.identity(h.document, texts...) }

// Card returns the hash that identifies a payment card by some texts, the first
// of which says of what kind the others are.
func (h *Hasher) Card(texts ...string) [16]byte { return h.identity(h.card, texts...) }

// identity hashes texts, each after its length.
func (h *Hasher) identity(to *blake3.Hasher, texts ...string) [16]byte {
	b := h.buf[:0]
	for _, s := range texts {
		b = appendField(b, s)
	}
	h.keep(b)
	to.Reset()
	_, _ = to.Write(b) // a hash never fails to be written to
	to.Sum(h.sum[:0])
	return [16]byte(h.sum[:16])
}

func appendField(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Password returns the keyed 64-bit digest of a password's exact bytes, by
// which equal passwords are counted. It is not an identity: among n passwords
// about n²/2⁶⁵ pairs share one.
func (h *Hasher) Password(p string) uint64 {
	if len(p) < shortField {
		return h.password.sum64(sipPadded(h.room[:], copy(h.room[:], p)))
	}
	b := sipPad(append(h.buf[:0], p...))
	h.keep(b)
	return h.password.sum64(b)
}

func (h *Hasher) keep(b []byte) {
	if cap(b) <= keptBuffer {
		h.buf = b
	}
}

// Check returns a value that is equal for equal keys and tells nothing else
// about the key. A store keeps it to refuse another key.
func (h *Hasher) Check() [16]byte { return h.check }

// MAC authenticates bytes the store hands out and takes back, such as cursors.
// Compare it in constant time (crypto/subtle).
func (h *Hasher) MAC(b []byte) [16]byte {
	h.mac.Reset()
	_, _ = h.mac.Write(b)
	h.mac.Sum(h.sum[:0])
	return [16]byte(h.sum[:16])
}
