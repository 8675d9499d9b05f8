// Package token mints and checks the unguessable parts of the URLs that a host
// gives to providers and customers. A token is an HMAC under a key kept in the
// store, with a secret of the configuration mixed in where there is one: every
// host on the store can check it, and a repeated call sends the same URL.
package token

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
)

// Purpose says what a URL is for. A token of one purpose is worth nothing for
// another.
type Purpose string

// The purposes.
const (
	Webhook Purpose = "webhook" // one payment's or payout's webhooks
	// all webhooks of one account, typed into the provider's back office
	Account Purpose = "account"
	Return  Purpose = "return" // the customer comes back
	Cancel  Purpose = "cancel" // the customer gave up
)

// macBytes is the length of a token's secret part: 160 bits.
const macBytes = 20

// maxToken bounds a token's length in bytes: a longer one is not read.
const maxToken = 256

// key signs tokens; nil is none.
type key []byte

// newKey returns a random key as the text that parseKey reads.
func newKey() string {
	random := make([]byte, sha256.Size)
	_, _ = rand.Read(random) // never fails
	return hex.EncodeToString(random)
}

func parseKey(text string) (key, error) {
	read, err := hex.DecodeString(text)
	if err != nil || len(read) != sha256.Size {
		return nil, fmt.Errorf(
			"the token key in the store is damaged: want %d bytes in hex",
			sha256.Size,
		)
	}
	return read, nil
}

// minted finds the tokens of intents in a text: an id, a point and 160 bits in
// base64url.
var minted = regexp.MustCompile(`((?:pay|po|re)_[0-9a-z]{26}\.)[A-Za-z0-9_-]{27}`)

// Mask hides the secret part of every intent's token in a text. A reader of a
// stored request could otherwise send webhooks in the provider's name.
func Mask(text string) string { return minted.ReplaceAllString(text, "${1}[token]") }

// mac returns the secret part of a token.
func (k key) mac(p Purpose, subject string) string {
	hash := hmac.New(sha256.New, k)
	_, _ = fmt.Fprintf(hash, "payhost token v1\x00%s\x00%s", p, subject) // a hash never fails
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:macBytes])
}
