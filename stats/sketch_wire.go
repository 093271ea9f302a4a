package stats

import (
	"encoding/binary"

	"github.com/leakscope/leakscope/internal/codec"
)

// The encoded form of a sketch:
//
//	uint8 form       0 exact, 1 dense, 2 dense with its estimate
//	uint8 hash       1: xxHash64, seed 0
//	exact:
//	  uvarint n      0 to ExactMembers
//	  n × uint64     the hashes, strictly ascending
//	dense:
//	  uvarint        form 2 only: the estimate, above ExactMembers
//	  uint8          precision, 14
//	  uint8 base     the least register
//	  8,192 bytes    two registers each, the first in the low half: the register
//	                 minus base, or 15 for a register of base+15 and more
//	  uvarint n      how many halves are 15
//	  n × uint8      those registers, in order
//
// Registers spread over some 12 values around log2 of the number of members,
// so that only a handful are exceptions. Everything is a function of the set.
//
// Form 1 is read and no longer written: an estimate takes longer than reading
// all else that analytics are made of, so it stands beside the registers.
const (
	formExact     = 0
	formDense     = 1
	formEstimated = 2

	hashXX64 = 1

	nibbleException = 15
	packedRegisters = numRegisters / 2
)

// AppendTo writes the encoded form of s: 3 bytes and 8 a member while exact,
// about 8.2 KiB when dense.
func (s *Sketch) AppendTo(w *codec.Writer) {
	s.flush()
	if s.regs != nil {
		s.regs.appendTo(w, s.Estimate())
		return
	}
	w.Uint8(formExact)
	w.Uint8(hashXX64)
	w.Uvarint(uint64(len(s.exact)))
	for _, h := range s.exact {
		w.Uint64(h)
	}
}

// ReadSketch takes a sketch off r. Its errors are r's: look at r.Err.
func ReadSketch(r *codec.Reader) *Sketch {
	s := new(Sketch)
	s.MergeFrom(r)
	return s
}

// MergeFrom takes an encoded sketch off r and adds its values to s: Merge
// without a sketch in between, about 6 µs for a dense one. Errors are r's;
// after one s is as before.
func (s *Sketch) MergeFrom(r *codec.Reader) {
	switch form := readForm(r); form {
	case formExact:
		s.mergeExactFrom(r)
	case formDense, formEstimated:
		if form == formEstimated {
			readStoredEstimate(r)
		}
		s.mergeDenseFrom(r)
	}
}

// readForm takes the form and the hash function off r. After an error it
// returns none of the forms.
func readForm(r *codec.Reader) uint8 {
	form := r.Uint8()
	if r.Uint8() != hashXX64 {
		r.Fail("sketch over an unknown hash function")
	}
	if form > formEstimated {
		r.Fail("unknown form of sketch")
	}
	if r.Err() != nil {
		return formEstimated + 1
	}
	return form
}

func readStoredEstimate(r *codec.Reader) uint64 {
	n := r.Uvarint()
	if n <= ExactMembers {
		r.Fail("estimate of a dense sketch out of range")
	}
	return n
}

// ReadEstimate takes an encoded sketch off r and returns its Estimate, without
// unpacking registers whose estimate stands beside them. Errors are r's.
func ReadEstimate(r *codec.Reader) uint64 {
	switch readForm(r) {
	case formExact:
		n := r.Count(8)
		if n > ExactMembers {
			r.Fail("too many members for an exact sketch")
		}
		r.Raw(8 * n)
		return uint64(n)
	case formDense:
		s := new(Sketch)
		s.mergeDenseFrom(r)
		return s.Estimate()
	case formEstimated:
		n := readStoredEstimate(r)
		if r.Uint8() != Precision {
			r.Fail("sketch of an unknown precision")
		}
		r.Uint8()
		r.Raw(packedRegisters)
		r.Block()
		return n
	}
	return 0
}

func (s *Sketch) mergeDenseFrom(r *codec.Reader) {
	if s.regs != nil {
		var regs registers
		if regs.readFrom(r) {
			s.estimated = false
			s.regs.max(&regs)
		}
		return
	}
	regs := new(registers)
	if regs.readFrom(r) {
		s.adopt(regs)
	}
}

func (s *Sketch) mergeExactFrom(r *codec.Reader) {
	n := r.Count(8)
	if n > ExactMembers {
		r.Fail("too many members for an exact sketch")
	}
	raw := r.Raw(8 * n)
	if r.Err() != nil {
		return
	}
	hashes := make([]uint64, n)
	for i := range hashes {
		hashes[i] = binary.LittleEndian.Uint64(raw[8*i:])
		if i > 0 && hashes[i] <= hashes[i-1] {
			r.Fail("members of a sketch out of order")
			return
		}
	}
	if s.regs == nil && len(s.exact) == 0 && len(s.pending) == 0 {
		s.exact = hashes // the common case: nothing to sort
		return
	}
	s.AddMany(hashes)
}

// appendTo writes the dense form with the estimate.
func (regs *registers) appendTo(w *codec.Writer, estimate uint64) {
	base := regs[0]
	for _, v := range regs {
		base = min(base, v)
	}
	w.Uint8(formEstimated)
	w.Uint8(hashXX64)
	w.Uvarint(estimate)
	w.Uint8(Precision)
	w.Uint8(base)
	var packed [packedRegisters]byte
	var exceptions []byte
	nibble := func(v uint8) byte {
		if v -= base; v < nibbleException {
			return v
		}
		exceptions = append(exceptions, v+base)
		return nibbleException
	}
	for i := range packed {
		low := nibble(regs[2*i])
		packed[i] = low | nibble(regs[2*i+1])<<4
	}
	w.Raw(packed[:])
	w.Block(exceptions)
}

// readFrom takes what follows form and hash of the dense form and reports
// whether it was sound.
func (regs *registers) readFrom(r *codec.Reader) bool {
	if r.Uint8() != Precision {
		r.Fail("sketch of an unknown precision")
	}
	base := r.Uint8()
	packed := r.Raw(packedRegisters)
	exceptions := r.Block()
	if r.Err() != nil {
		return false
	}
	if base > maxRegister {
		r.Fail("base of a sketch out of range")
		return false
	}
	const halves = 0x0f0f0f0f0f0f0f0f
	all := uint64(base) * lowBits
	zero := false // a register equals base
	for i := 0; i < packedRegisters; i += 4 {
		// Eight halves become eight bytes.
		v := uint64(binary.LittleEndian.Uint32(packed[i:]))
		v = (v | v<<16) & 0x0000ffff0000ffff
		v = (v | v<<8) & 0x00ff00ff00ff00ff
		v = (v | v<<4) & halves
		zero = zero || (v+halves)&0x1010101010101010 != 0x1010101010101010
		word := regs[2*i : 2*i+8]
		binary.LittleEndian.PutUint64(word, v+all)
		if (v+lowBits)&0x1010101010101010 == 0 {
			continue
		}
		for j := range word {
			if word[j] != base+nibbleException {
				continue
			}
			if len(exceptions) == 0 || exceptions[0] < word[j] || exceptions[0] > maxRegister {
				r.Fail("register of a sketch out of range")
				return false
			}
			word[j] = exceptions[0]
			exceptions = exceptions[1:]
		}
	}
	switch {
	case len(exceptions) > 0:
		r.Fail("registers of a sketch left over")
	case !zero:
		r.Fail("base of a sketch is not its least register")
	case base > maxRegister-nibbleException+1 && !regs.inRange():
		r.Fail("register of a sketch out of range")
	}
	return r.Err() == nil
}

func (regs *registers) inRange() bool {
	for _, v := range regs {
		if v > maxRegister {
			return false
		}
	}
	return true
}
