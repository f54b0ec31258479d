package jose

import (
	"math/big"
	"slices"
)

// isROCA reports whether the modulus has the shape that the RSA keys of certain
// smart cards have, whose factors can be found (CVE-2017-15361): modulo each
// small prime it is a power of 65537. One sound modulus in some hundred million
// looks the same.
func isROCA(n *big.Int) bool {
	primes := [...]uint64{
		3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
		101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
	}
	var divisor, rest big.Int
	for _, p := range primes {
		residue := rest.Mod(n, divisor.SetUint64(p)).Uint64()
		if !isPowerOf65537(residue, p) {
			return false
		}
	}
	return true
}

func isPowerOf65537(residue, prime uint64) bool {
	generator := 65537 % prime
	for power := uint64(1); ; {
		if power == residue {
			return true
		}
		if power = power * generator % prime; power <= 1 {
			return false
		}
	}
}

// isEd25519Point reports whether encoded is the one encoding of a point on
// edwards25519 (RFC 8032 §5.1.3) that does not lie in the subgroup of order 8.
// Under a key in that subgroup anyone can make signatures that verify.
func isEd25519Point(encoded []byte) bool {
	one := big.NewInt(1)
	p := new(big.Int).Lsh(one, 255)
	p.Sub(p, big.NewInt(19))

	littleEndian := slices.Clone(encoded)
	littleEndian[len(littleEndian)-1] &= 0x7f // the sign of x
	slices.Reverse(littleEndian)
	y := new(big.Int).SetBytes(littleEndian)
	if y.Cmp(p) >= 0 {
		return false
	}

	// x² = (y²-1)/(d·y²+1), d = -121665/121666. The quotient is a square exactly
	// when the product of its two parts is, here each times 121666.
	square := new(big.Int).Mul(y, y)
	numerator := new(big.Int).Sub(square, one)
	numerator.Mul(numerator, big.NewInt(121666))
	denominator := new(big.Int).Mul(square, big.NewInt(-121665))
	denominator.Add(denominator, big.NewInt(121666))
	product := numerator.Mul(numerator, denominator)
	if big.Jacobi(product.Mod(product, p), p) != 1 {
		// -1: no such point. 0: x is 0, so y is 1 or -1, of order 1 or 2.
		return false
	}
	return !hasOrder4Or8(square, p)
}

// hasOrder4Or8 reports whether the points with that y² have order 4 or 8. Order
// 4 is y = 0. Order 8 is that doubling gives y = 0: x² = -y², which makes the
// curve's equation d·y⁴ + 2y² - 1 = 0, here times 121666.
func hasOrder4Or8(square, p *big.Int) bool {
	sum := new(big.Int).Mul(square, big.NewInt(-121665))
	sum.Add(sum, big.NewInt(2*121666))
	sum.Mul(sum, square)
	sum.Sub(sum, big.NewInt(121666))
	return square.Sign() == 0 || sum.Mod(sum, p).Sign() == 0
}
