package normalize

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// Inputs are files of many gigabytes, so what identifies one is computed by the
// fastest keyed function that the processor has instructions for: each piece
// gets an AES-GCM tag, and the tags a MAC. Two pieces that differ get equal tags
// with a probability of 2⁻¹⁰⁰ or less over the key, for pieces of up to 4 GiB, whoever
// chose them: tags never leave the process, which is what GCM would ask fresh
// nonces for.

// newPieces returns what makes the tags of pieces.
func newPieces(key *[32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("hashing inputs: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil { // a process that insists on FIPS 140 may choose no nonces
		return nil, fmt.Errorf("hashing inputs: %w", err)
	}
	return gcm, nil
}

// PieceTag is the size of what AppendPiece appends.
const PieceTag = 16

// AppendPiece appends the tag of a piece of an input, the number-th: equal for
// equal bytes at equal places. Only [Hasher.Input] may be given tags. Unlike
// other methods it is safe for concurrent use.
func (h *Hasher) AppendPiece(tags []byte, number uint64, piece []byte) ([]byte, error) {
	if h.piecesErr != nil {
		return tags, h.piecesErr
	}
	var nonce [12]byte
	binary.LittleEndian.PutUint64(nonce[:], number)
	return h.pieces.Seal(tags, nonce[:], nil, piece), nil
}

// Input identifies an input by the tags of its pieces, in their order.
func (h *Hasher) Input(tags []byte) [32]byte {
	h.input.Reset()
	_, _ = h.input.Write(tags) // a hash never fails to be written to
	h.input.Sum(h.sum[:0])
	return h.sum
}
