package index

// Sign returns a signature of s, a number of so many bits, at most 64: one bit
// of it is set for each trigram of s, folded, and so every bit of the signature
// of a needle is set in that of each string that the needle is in. Of others some
// are missing, mostly. What has no trigram, as it is shorter than three bytes, has
// signature 0. Stored tables hold signatures: they do not change.
func Sign(s []byte, bits uint) (sign uint64) {
	if !isASCII(s) {
		var buf [256]byte
		s = appendFold(buf[:0], s)
	}
	if len(s) < 3 {
		return 0
	}
	a, b := trigramClasses[s[0]], trigramClasses[s[1]]
	for _, third := range s[2:] {
		c := trigramClasses[third]
		key := uint16(a>>32 + b>>16 + c)
		a, b = b, c
		// The upper bits of the product depend on all of the key; these choose.
		sign |= 1 << (uint64(uint32(key)*signMultiplier) * uint64(bits) >> 32)
	}
	return sign
}

const signMultiplier = 0x9e3779b1
