package signature

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Equal reports whether two signatures are the same text. The time it takes
// depends neither on where they differ nor on whether their lengths do: it is
// their digests that are compared.
//
// An empty signature equals nothing, not even another empty one, so that a
// header that is missing can never match a secret that is not set. Letter case
// counts: a provider that sends upper-case hexadecimal needs strings.ToLower
// first.
func Equal(a, b string) bool {
	return equal(a, b) == 1
}

// EqualAny reports whether got equals one of the candidates, in the sense of
// Equal. All of them are compared, whichever fits, so the time does not tell
// which one did. It serves the rotation of secrets: one candidate a secret.
func EqualAny(got string, candidates ...string) bool {
	found := 0
	for _, candidate := range candidates {
		found |= equal(got, candidate)
	}
	return found == 1
}

func equal(a, b string) int {
	if a == "" || b == "" {
		return 0
	}
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}
