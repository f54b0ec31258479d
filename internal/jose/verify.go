package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
)

// Verify reports whether signature is the key's over message. The caller has
// made sure that the key allows the algorithm.
func (k *Key) Verify(alg Algorithm, message, signature []byte) bool {
	switch k.typ {
	case rsaKey:
		return verifyRSA(k.rsa, alg, message, signature)
	case p256Key, p384Key, p521Key:
		return verifyECDSA(k.ecdsa, alg, message, signature)
	case ed25519Key:
		return ed25519.Verify(k.ed25519, message, signature)
	default:
		return false
	}
}

func verifyRSA(key *rsa.PublicKey, alg Algorithm, message, signature []byte) bool {
	var buf [sha512.Size]byte
	hash := alg.hash()
	sum := digest(hash, message, &buf)
	if !alg.pss() {
		return rsa.VerifyPKCS1v15(key, hash, sum, signature) == nil
	}
	// RFC 7518 §3.5: the salt is as long as the hash, neither longer nor shorter.
	options := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return rsa.VerifyPSS(key, hash, sum, signature, &options) == nil
}

// verifyECDSA takes the signature as r and s, each as long as the curve's order
// (RFC 7518 §3.4).
func verifyECDSA(key *ecdsa.PublicKey, alg Algorithm, message, signature []byte) bool {
	size := coordinateSize(alg.keyType())
	if len(signature) != 2*size {
		return false
	}
	// One variable: it escapes, and so is one allocation.
	var work struct {
		sum [sha512.Size]byte
		der [maxDERSize]byte
	}
	sum := digest(alg.hash(), message, &work.sum)
	der := appendDER(work.der[:0], signature[:size], signature[size:])
	return ecdsa.VerifyASN1(key, sum, der)
}

// digest hashes message into buf.
func digest(hash crypto.Hash, message []byte, buf *[sha512.Size]byte) []byte {
	switch hash {
	case crypto.SHA384:
		sum := sha512.Sum384(message)
		return append(buf[:0], sum[:]...)
	case crypto.SHA512:
		sum := sha512.Sum512(message)
		return append(buf[:0], sum[:]...)
	default:
		sum := sha256.Sum256(message)
		return append(buf[:0], sum[:]...)
	}
}

// maxDERSize is the size of a signature of P-521, whose integers are the
// largest: each may need a zero byte in front.
const maxDERSize = 3 + 2*(2+1+66)

// appendDER appends SEQUENCE { r INTEGER, s INTEGER } (RFC 3279 §2.2.3), the
// form that crypto/ecdsa takes. r and s are unsigned, big-endian and at most 66
// bytes long.
func appendDER(dst, r, s []byte) []byte {
	r, s = significant(r), significant(s)
	size := 2 + signByte(r) + len(r) + 2 + signByte(s) + len(s)
	dst = append(dst, 0x30)
	if size >= 0x80 {
		dst = append(dst, 0x81)
	}
	dst = append(dst, byte(size))
	return appendInteger(appendInteger(dst, r), s)
}

func appendInteger(dst, n []byte) []byte {
	dst = append(dst, 0x02, byte(signByte(n)+len(n)))
	if signByte(n) == 1 {
		dst = append(dst, 0)
	}
	return append(dst, n...)
}

// significant drops leading zeros, which DER forbids, down to the last byte.
func significant(n []byte) []byte {
	for len(n) > 1 && n[0] == 0 {
		n = n[1:]
	}
	return n
}

// signByte returns 1 if n needs a zero in front lest it read as negative.
func signByte(n []byte) int {
	return int(n[0] >> 7)
}
