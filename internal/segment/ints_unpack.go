package segment

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// unpack decodes len(out) values of the current block, from value from on, to
// the width of T; the caller knows that they fit. Values are taken several to a
// loaded word: as many as lie within one wherever the first starts.
func unpack[T uint32 | uint64](k *IntsCursor, from uint64, out []T) {
	p, width, mask, base, scale := k.payload, k.width, k.mask, k.base, k.scale
	all := out
	if width == 0 {
		for i := range out {
			out[i] = T(base)
		}
	}
	if width > 0 {
		bit := from * width
		// Up to a multiple of eight, which starts at a whole byte.
		head := min(uint64(len(out)), -from&7)
		bit = unpackEach(k, bit, out[:head])
		out = out[head:]
		switch {
		case width <= 8:
			for len(out) >= 8 {
				word := binary.LittleEndian.Uint64(p[bit>>3:])
				o := out[:8]
				o[0] = T(base + word&mask*scale)
				word >>= width & 63
				o[1] = T(base + word&mask*scale)
				word >>= width & 63
				o[2] = T(base + word&mask*scale)
				word >>= width & 63
				o[3] = T(base + word&mask*scale)
				word >>= width & 63
				o[4] = T(base + word&mask*scale)
				word >>= width & 63
				o[5] = T(base + word&mask*scale)
				word >>= width & 63
				o[6] = T(base + word&mask*scale)
				word >>= width & 63
				o[7] = T(base + word&mask*scale)
				out = out[8:]
				bit += 8 * width
			}
		case width <= 16: // four take 60 bits after at most 4, or 64 after none
			for len(out) >= 4 {
				word := binary.LittleEndian.Uint64(p[bit>>3:]) >> (bit & 7)
				o := out[:4]
				o[0] = T(base + word&mask*scale)
				word >>= width & 63
				o[1] = T(base + word&mask*scale)
				word >>= width & 63
				o[2] = T(base + word&mask*scale)
				word >>= width & 63
				o[3] = T(base + word&mask*scale)
				out = out[4:]
				bit += 4 * width
			}
		case width <= 28 || width == 32: // two take 56 bits after at most 7, or 64 after none
			for len(out) >= 4 {
				word := binary.LittleEndian.Uint64(p[bit>>3:]) >> (bit & 7)
				next := bit + 2*width
				word2 := binary.LittleEndian.Uint64(p[next>>3:]) >> (next & 7)
				o := out[:4]
				o[0] = T(base + word&mask*scale)
				o[1] = T(base + word>>(width&63)&mask*scale)
				o[2] = T(base + word2&mask*scale)
				o[3] = T(base + word2>>(width&63)&mask*scale)
				out = out[4:]
				bit = next + 2*width
			}
		}
		unpackEach(k, bit, out)
	}
	if slope := k.slope; slope != 0 {
		acc := from * slope
		for i := range all {
			all[i] += T(acc >> lineShift)
			acc += slope
		}
	}
}

// unpackEach decodes values one by one, without the slope, and returns the bit
// behind them.
func unpackEach[T uint32 | uint64](k *IntsCursor, bit uint64, out []T) uint64 {
	p, width, mask, base, scale := k.payload, k.width, k.mask, k.base, k.scale
	for i := range out {
		word := binary.LittleEndian.Uint64(p[bit>>3:]) >> (bit & 7)
		out[i] = T(base + word&mask*scale)
		bit += width
	}
	return bit
}

// narrow reports whether no value of the current block can be more than 32
// bits, going by its descriptor.
func (k *IntsCursor) narrow() bool {
	over, top := bits.Mul64(k.mask, k.scale)
	return over == 0 && k.base <= math.MaxUint32 && top <= math.MaxUint32 &&
		k.base+top+(k.count*k.slope)>>lineShift <= math.MaxUint32
}

// unpack32 decodes to 32 bits; it reports whether all values fit.
func (k *IntsCursor) unpack32(from uint64, out []uint32) bool {
	if k.narrow() {
		unpack(k, from, out)
		return true
	}
	var all uint64
	for i := range out {
		v := k.At(k.first + from + uint64(i))
		out[i] = uint32(v)
		all |= v
	}
	return all>>32 == 0
}
