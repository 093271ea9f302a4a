package codec

import "encoding/binary"

// A Writer appends values to a growing buffer. Its zero value is ready.
type Writer struct {
	b []byte
}

// Bytes returns everything written. The slice is valid until the next write.
func (w *Writer) Bytes() []byte { return w.b }

// Len returns the number of bytes written.
func (w *Writer) Len() int { return len(w.b) }

// Reset forgets what was written and keeps the buffer.
func (w *Writer) Reset() { w.b = w.b[:0] }

// Uint8 writes one byte.
func (w *Writer) Uint8(v uint8) { w.b = append(w.b, v) }

// Uint16 writes two bytes, little-endian.
func (w *Writer) Uint16(v uint16) { w.b = binary.LittleEndian.AppendUint16(w.b, v) }

// Uint32 writes four bytes, little-endian.
func (w *Writer) Uint32(v uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, v) }

// Uint64 writes eight bytes, little-endian.
func (w *Writer) Uint64(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }

// Uvarint writes v in 1 to 10 bytes, seven bits a byte.
func (w *Writer) Uvarint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }

// Raw writes b as it is; the reader must know its length.
func (w *Writer) Raw(b []byte) { w.b = append(w.b, b...) }

// Block writes the length of b as a uvarint, then b.
func (w *Writer) Block(b []byte) {
	w.Uvarint(uint64(len(b)))
	w.b = append(w.b, b...)
}

// String writes the length of s as a uvarint, then s.
func (w *Writer) String(s string) {
	w.Uvarint(uint64(len(s)))
	w.b = append(w.b, s...)
}
