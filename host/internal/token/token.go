// Package token mints and checks the unguessable parts of the URLs that a host gives to providers and customers. A token
// is an HMAC under a key kept in the store: every host on the store can check it, and a repeated call sends the same URL.
package token

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Purpose says what a URL is for. A token of one purpose is worth nothing for another.
type Purpose string

// The purposes.
const (
	Webhook Purpose = "webhook" // one payment's or payout's notices
	Account Purpose = "account" // all notices of one account, typed into the provider's back office
	Return  Purpose = "return"  // the customer comes back
	Cancel  Purpose = "cancel"  // the customer gave up
)

// macBytes is the length of a token's secret part: 160 bits.
const macBytes = 20

// Key signs tokens.
type Key struct{ secret []byte }

// NewKey gives a random key as the text that ParseKey reads.
func NewKey() string {
	b := make([]byte, sha256.Size)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// ParseKey reads a key.
func ParseKey(text string) (Key, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != sha256.Size {
		return Key{}, fmt.Errorf("the token key in the store is damaged: want %d bytes in hex", sha256.Size)
	}
	return Key{secret: b}, nil
}

// Mint gives the token of a subject (an intent's or an account's name) for a purpose.
func (k Key) Mint(p Purpose, subject string) string {
	return subject + "." + k.mac(p, subject)
}

// Check gives the subject of a token, or false when it is not a genuine token for that purpose. It compares in constant
// time.
func (k Key) Check(p Purpose, token string) (subject string, ok bool) {
	if len(token) > 256 {
		return "", false
	}
	subject, mac, found := strings.Cut(token, ".")
	if !found || subject == "" {
		return "", false
	}
	return subject, hmac.Equal([]byte(mac), []byte(k.mac(p, subject)))
}

// minted finds the tokens of intents in a text: an id, a point and 160 bits in base64url.
var minted = regexp.MustCompile(`((?:pay|po|re)_[0-9a-z]{26}\.)[A-Za-z0-9_-]{27}`)

// Mask hides the secret part of every intent's token in a text: whoever reads a stored request could else send notices in
// the provider's name.
func Mask(text string) string { return minted.ReplaceAllString(text, "${1}[token]") }

func (k Key) mac(p Purpose, subject string) string {
	h := hmac.New(sha256.New, k.secret)
	_, _ = fmt.Fprintf(h, "payhost token v1\x00%s\x00%s", p, subject) // a hash never fails
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:macBytes])
}
