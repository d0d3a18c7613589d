package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
)

// quickKey is an RSA key whose signatures come fast, for a hundred thousand of them: crypto/rsa takes a millisecond for
// each, because it hides from other users of the machine how it computes; this key guards nothing. Its modulus has four
// primes, which nobody who verifies can tell (RFC 8017, section 3.2).
type quickKey struct {
	public rsa.PublicKey
	parts  []keyPart
}

// keyPart is one prime, the exponent for it, and what brings a remainder there back to the whole.
type keyPart struct{ prime, exponent, back *big.Int }

const keyBits, keyPrimes = 2048, 4

func newQuickKey() (*quickKey, error) {
	e := big.NewInt(65537)
	for {
		k := &quickKey{public: rsa.PublicKey{N: big.NewInt(1), E: 65537}}
		for range keyPrimes {
			p, err := rand.Prime(rand.Reader, keyBits/keyPrimes)
			if err != nil {
				return nil, err
			}
			exponent := new(big.Int).ModInverse(e, new(big.Int).Sub(p, big.NewInt(1)))
			if exponent == nil { // this prime does not go with e
				break
			}
			k.public.N.Mul(k.public.N, p)
			k.parts = append(k.parts, keyPart{prime: p, exponent: exponent})
		}
		if len(k.parts) == keyPrimes && k.public.N.BitLen() == keyBits && k.complete() {
			return k, nil
		}
	}
}

// complete computes the way back of each part (the Chinese remainder theorem); false when two primes are the same.
func (k *quickKey) complete() bool {
	for i, part := range k.parts {
		others := new(big.Int).Div(k.public.N, part.prime)
		inverse := new(big.Int).ModInverse(others, part.prime)
		if inverse == nil {
			return false
		}
		k.parts[i].back = others.Mul(others, inverse)
	}
	return true
}

// sha256Prefix is the DigestInfo before a SHA-256 digest (RFC 8017, section 9.2, note 1).
const sha256Prefix = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"

// sign is RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2.1).
func (k *quickKey) sign(digest [sha256.Size]byte) []byte {
	const size = keyBits / 8
	tail := append([]byte("\x00"+sha256Prefix), digest[:]...)
	padded := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, size-2-len(tail))...)
	message := new(big.Int).SetBytes(append(padded, tail...))
	sum, one := new(big.Int), new(big.Int)
	for _, part := range k.parts {
		one.Exp(one.Mod(message, part.prime), part.exponent, part.prime)
		sum.Add(sum, one.Mul(one, part.back))
	}
	return sum.Mod(sum, k.public.N).FillBytes(make([]byte, size))
}
