package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Overlap is how long a key is still accepted for payments made after its
// successor came into force. Hosts learn of a new key within seconds, and their
// clocks may differ by some more.
const Overlap = 10 * time.Minute

// Record is one key as the store keeps it. Without the configuration's secret
// that is mixed in, a Record signs nothing.
type Record struct {
	// ID names the key: "k1", "k2" and so on.
	ID string `json:"id"`
	// Stored is the part of the key that the store has, in hex.
	Stored string `json:"stored"`
	// Seal names the configuration's secret that is mixed in, without telling
	// it; empty when there is none.
	Seal string `json:"seal,omitempty"`
	// From is when the key came into force; zero for the first.
	From time.Time `json:"from,omitzero"`
	// Ended is when the key was ended; zero while it is accepted.
	Ended time.Time `json:"ended,omitzero"`
	// By and Reason are who made the key and why, EndedBy and EndReason who
	// ended it and why.
	By        string `json:"by,omitempty"`
	Reason    string `json:"reason,omitempty"`
	EndedBy   string `json:"ended_by,omitempty"`
	EndReason string `json:"end_reason,omitempty"`
}

// NewRecord returns a new random key, with a secret of the configuration mixed
// in unless that is empty.
func NewRecord(id, secret string, from time.Time) Record {
	record := Record{ID: id, Stored: newKey(), From: from}
	if secret != "" {
		record.Seal = record.sealOf(secret)
	}
	return record
}

// sealOf returns the Seal for a secret: 64 bits that tell the secret from
// others, and from which it cannot be found, because it is long.
func (r Record) sealOf(secret string) string {
	return hex.EncodeToString(mix(secret, "payhost token seal v1", r)[:8])
}

// open returns the key, nil when its secret is not among secrets.
func (r Record) open(secrets []string) (key, error) {
	stored, err := parseKey(r.Stored)
	if err != nil || r.Seal == "" {
		return stored, err
	}

	// The operator may have changed the list: the seal names the right secret.
	for _, secret := range secrets {
		if hmac.Equal([]byte(r.Seal), []byte(r.sealOf(secret))) {
			return mix(secret, "payhost token key v2", r), nil
		}
	}

	return nil, nil
}

// mix derives bytes for a purpose from a record and a secret.
func mix(secret, purpose string, r Record) []byte {
	hash := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(
		hash,
		"%s\x00%s\x00%s",
		purpose,
		r.ID,
		r.Stored,
	) // a hash never fails
	return hash.Sum(nil)
}

// Ring holds all keys of the hosts on one store. The key that was in force when
// a payment's id was made signs the payment's URLs. So a repeated call sends
// the same URLs after any rotation, and a key that leaked is worth nothing for
// payments made after its successor. The newest key signs the URLs of an
// account, which are accepted with any key that has not been ended.
//
// The zero Ring signs nothing. A Ring does not change.
type Ring struct {
	records []Record
	keys    []key // of the record at the same index; nil where it cannot be opened
	now     func() time.Time
}

// NewRing opens records, the oldest first, with the secrets of the
// configuration. The error says that a record is damaged.
func NewRing(records []Record, secrets []string, now func() time.Time) (Ring, error) {
	ring := Ring{records: records, keys: make([]key, len(records)), now: now}
	for k, record := range records {
		opened, err := record.open(secrets)
		if err != nil {
			return Ring{}, fmt.Errorf("token key %s: %w", record.ID, err)
		}
		ring.keys[k] = opened
	}
	return ring, nil
}

// ParseRecords reads the text of EncodeRecords. It refuses an empty list.
func ParseRecords(text string) ([]Record, error) {
	var records []Record
	if err := json.Unmarshal([]byte(text), &records); err != nil {
		return nil, fmt.Errorf("the token keys in the store are damaged: %w", err)
	}
	if len(records) == 0 {
		return nil, errors.New("the token keys in the store are damaged: there is none")
	}
	return records, nil
}

// EncodeRecords writes records as text for the store.
func EncodeRecords(records []Record) string {
	text, err := json.Marshal(records)
	if err != nil {
		panic(err) // texts and times of this host always marshal
	}
	return string(text)
}

// Records returns the keys, the oldest first.
func (r Ring) Records() []Record { return slices.Clone(r.records) }

// Usable returns an error when the key in force cannot be opened with the
// configuration's secrets: the other hosts would refuse the tokens of this one.
func (r Ring) Usable() error {
	at := r.inForce(r.now())
	if at < 0 {
		return errors.New("there is no token key")
	}
	if !r.opened(at) {
		return fmt.Errorf("token key %s needs a secret that is not in host.token_secret: "+
			"put the secret that it was made with back into the list", r.records[at].ID)
	}

	return nil
}

// SealedWith reports whether the newest key has this secret of the
// configuration mixed in; the empty secret stands for none.
func (r Ring) SealedWith(secret string) bool {
	if len(r.records) == 0 {
		return false
	}
	newest := r.records[len(r.records)-1]
	if secret == "" {
		return newest.Seal == ""
	}
	return newest.Seal == newest.sealOf(secret)
}

// Mint returns the token of a subject (an intent's id or an account's name) for
// a purpose.
func (r Ring) Mint(purpose Purpose, subject string) string {
	return subject + "." + r.keys[r.signer(purpose, subject)].mac(purpose, subject)
}

// signer returns the index of the key that signs for a subject. When the key
// that was in force has been ended or cannot be opened, it is the newest key
// that can.
func (r Ring) signer(purpose Purpose, subject string) int {
	moment := r.now()
	if made, ok := madeAt(subject); ok && purpose != Account {
		moment = made
	}
	at := r.inForce(moment)
	if at < 0 || (r.opened(at) && r.records[at].Ended.IsZero()) {
		return at
	}

	// Keys that come into force later do not sign yet.
	for at = len(r.keys) - 1; at > 0; at-- {
		if r.opened(at) && !r.records[at].From.After(r.now()) {
			break
		}
	}

	return at
}

// Check returns the subject of a token, or false when it is not a genuine token
// for that purpose. It compares in constant time.
func (r Ring) Check(purpose Purpose, token string) (subject string, ok bool) {
	subject, mac, ok := split(token)
	if !ok {
		return "", false
	}

	// All keys are compared, so that the time does not tell which one fits.
	genuine := false

	for k, signer := range r.keys {
		if !r.opened(k) || !r.accepts(k, purpose, subject) {
			continue
		}
		if hmac.Equal([]byte(mac), []byte(signer.mac(purpose, subject))) {
			genuine = true
		}
	}

	return subject, genuine
}

// Hidden reports whether a token that Check refuses may be genuine all the
// same: a key that would count for it cannot be opened here.
func (r Ring) Hidden(purpose Purpose, token string) bool {
	subject, _, ok := split(token)
	if !ok {
		return false
	}

	for k := range r.keys {
		if !r.opened(k) && r.accepts(k, purpose, subject) {
			return true
		}
	}

	return false
}

// accepts reports whether a key counts for a subject.
func (r Ring) accepts(at int, purpose Purpose, subject string) bool {
	record := r.records[at]
	if !record.Ended.IsZero() {
		return false
	}
	made, dated := madeAt(subject)
	if purpose == Account || !dated || at == r.signer(purpose, subject) {
		return true
	}

	// The key was in force when the subject was made, give or take the overlap.
	if made.Before(record.From.Add(-Overlap)) {
		return false
	}
	newest := at == len(r.records)-1

	return newest || made.Before(r.records[at+1].From.Add(Overlap))
}

// inForce returns the index of the key that was in force at a moment, -1 when
// there is none.
func (r Ring) inForce(moment time.Time) int {
	for k := len(r.records) - 1; k > 0; k-- {
		if !r.records[k].From.After(moment) {
			return k
		}
	}
	return min(0, len(r.records)-1) // the first has always been
}

func (r Ring) opened(at int) bool { return r.keys[at] != nil }

// split returns a token's subject and its secret part.
func split(token string) (subject, mac string, ok bool) {
	if len(token) > maxToken {
		return "", "", false
	}
	subject, mac, found := strings.Cut(token, ".")
	return subject, mac, found && subject != ""
}

// IDEncoding is the encoding of intents' ids.
var IDEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").
	WithPadding(base32.NoPadding)

// madeAt returns when an intent's id was made, to the millisecond. The id is a
// UUID of version 7; for any other text madeAt reports false.
func madeAt(subject string) (time.Time, bool) {
	_, encoded, found := strings.Cut(subject, "_")
	if !found {
		return time.Time{}, false
	}
	id, err := IDEncoding.DecodeString(encoded)
	if err != nil || len(id) != 16 || id[6]>>4 != 7 {
		return time.Time{}, false
	}

	// The first 48 bits are the milliseconds since 1970.
	var millis int64
	for _, b := range id[:6] {
		millis = millis<<8 | int64(b)
	}

	return time.UnixMilli(millis), true
}
