package segment

import "encoding/binary"

// unpack decodes len(out) values of the current block, from value from on.
func (k *IntsCursor) unpack(from uint64, out []uint64) {
	p, width, mask, base, scale := k.payload, k.width, k.mask, k.base, k.scale
	if width == 0 && k.slope == 0 {
		for i := range out {
			out[i] = base
		}
		return
	}
	bit := from * width
	for i := range out {
		word := binary.LittleEndian.Uint64(p[bit>>3:])
		out[i] = base + (word>>(bit&7)&mask)*scale
		bit += width
	}
	if k.slope != 0 {
		acc := from * k.slope
		for i := range out {
			out[i] += acc >> lineShift
			acc += k.slope
		}
	}
}

// unpack32 is unpack into 32 bits; it reports whether all values fit.
func (k *IntsCursor) unpack32(from uint64, out []uint32) bool {
	p, width, mask, base, scale := k.payload, k.width, k.mask, k.base, k.scale
	bit, acc := from*width, from*k.slope
	var all uint64
	for i := range out {
		word := binary.LittleEndian.Uint64(p[bit>>3:])
		v := base + (word>>(bit&7)&mask)*scale + acc>>lineShift
		out[i] = uint32(v)
		all |= v
		bit += width
		acc += k.slope
	}
	return all>>32 == 0
}
