package gzipsplice

import "hash/crc32"

// The CRC-32 of two texts in a row follows from theirs: crc(ab) = crc(a)·x^(8·|b|) + crc(b), in the polynomials over
// GF(2) modulo gzip's. They are kept as hash/crc32 keeps them, the highest power in the lowest bit. The method is
// zlib's crc32_combine.

const (
	one = uint32(1) << 31 // x^0
	x   = uint32(1) << 30 // x^1
)

// multiply is a·b; a is never 0, because it is a power of x.
func multiply(a, b uint32) uint32 {
	product := uint32(0)
	for bit := one; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
			if a&(bit-1) == 0 {
				break
			}
		}
		if b&1 != 0 {
			b = b>>1 ^ crc32.IEEE
		} else {
			b >>= 1
		}
	}
	return product
}

// shiftOf is x^(8·n): what n more bytes do to a checksum.
func shiftOf(n int) uint32 {
	power, square := one, x
	for range 3 { // x^8
		square = multiply(square, square)
	}
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			power = multiply(square, power)
		}
		square = multiply(square, square)
	}
	return power
}
