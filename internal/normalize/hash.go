package normalize

import (
	"encoding/binary"

	"github.com/zeebo/blake3"
)

// The contexts under which the store's key is split, one for each use, so that
// no output of one can serve as an output of another. They are part of the
// store format: changing one changes every hash.
const (
	contextCredential = "leakscope 2026-11-21 credential hash v1"
	contextPassword   = "leakscope 2026-11-21 password digest v1"
	contextCheck      = "leakscope 2026-11-21 key check v1"
	contextMAC        = "leakscope 2026-11-21 message authentication v1"
	contextDocument   = "leakscope 2026-11-22 document identity v1"
	contextCard       = "leakscope 2026-11-22 card identity v1"
)

// A Hasher computes the keyed hashes of one store: BLAKE3 in keyed mode, each
// use under a key of its own derived from the store's. Without the key nobody
// can compute, check or guess anything by them; with equal keys the results
// are equal on any machine.
//
// A Hasher is for one goroutine at a time; Clone makes one for another.
type Hasher struct {
	credential, password, mac *blake3.Hasher
	document, card            *blake3.Hasher
	check                     [16]byte

	// sum and prefix are fields because what is handed to the hash escapes to
	// the heap otherwise, once a call.
	sum    [32]byte
	prefix [binary.MaxVarintLen64]byte
}

// NewHasher derives the keys of a Hasher from the store's key.
func NewHasher(key [32]byte) *Hasher {
	h := &Hasher{
		credential: derived(contextCredential, &key),
		password:   derived(contextPassword, &key),
		mac:        derived(contextMAC, &key),
		document:   derived(contextDocument, &key),
		card:       derived(contextCard, &key),
	}
	check := derived(contextCheck, &key)
	h.check = [16]byte(check.Sum(h.sum[:0]))
	return h
}

// derived returns a keyed hasher under the key that BLAKE3's key derivation
// gives for a context.
func derived(context string, key *[32]byte) *blake3.Hasher {
	var sub [32]byte
	blake3.DeriveKey(context, key[:], sub[:])
	h, err := blake3.NewKeyed(sub[:])
	if err != nil { // only another length than 32 can do that
		return blake3.NewDeriveKey(context)
	}
	return h
}

// Clone returns a Hasher of the same key for use by another goroutine. It must
// not run while h is in use.
func (h *Hasher) Clone() *Hasher {
	return &Hasher{
		credential: h.credential.Clone(),
		password:   h.password.Clone(),
		mac:        h.mac.Clone(),
		document:   h.document.Clone(),
		card:       h.card.Clone(),
		check:      h.check,
	}
}

// Credential returns the hash that identifies a credential: 128 bits over the
// normalised username, the password's exact bytes and the domain, each after
// its length, so that no two different triples are hashed as the same bytes.
func (h *Hasher) Credential(username, password, domain string) [16]byte {
	return h.identity(h.credential, username, password, domain)
}

// Document returns the hash that identifies a document by some of its texts, of
// which there are always as many.
func (h *Hasher) Document(texts ...string) [16]byte { return h.identity(h.document, texts...) }

// Card returns the hash that identifies a payment card by some texts, the first
// of which says of what kind the others are.
func (h *Hasher) Card(texts ...string) [16]byte { return h.identity(h.card, texts...) }

// identity hashes texts, each after its length.
func (h *Hasher) identity(to *blake3.Hasher, texts ...string) [16]byte {
	to.Reset()
	for _, s := range texts {
		h.field(to, s)
	}
	to.Sum(h.sum[:0])
	return [16]byte(h.sum[:16])
}

func (h *Hasher) field(to *blake3.Hasher, s string) {
	// A hash never fails to be written to.
	_, _ = to.Write(binary.AppendUvarint(h.prefix[:0], uint64(len(s))))
	_, _ = to.WriteString(s)
}

// Password returns the keyed 64-bit digest of a password's exact bytes, by
// which equal passwords are counted. It is not an identity: among n passwords
// about n²/2⁶⁵ pairs share one.
func (h *Hasher) Password(p string) uint64 {
	h.password.Reset()
	_, _ = h.password.WriteString(p)
	h.password.Sum(h.sum[:0])
	return binary.LittleEndian.Uint64(h.sum[:])
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
