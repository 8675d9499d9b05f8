package payment

import "time"

// TokenKeyState is the state of a key of the hosts' URLs.
type TokenKeyState string

// The states of a key.
const (
	// KeyComing is for a key that is in force from TokenKey.From on.
	KeyComing TokenKeyState = "coming"
	// KeyInForce is for the key that signs the URLs of new payments.
	KeyInForce TokenKeyState = "in_force"
	// KeyTaken is for a former key: the URLs that it signed are still accepted.
	KeyTaken TokenKeyState = "taken"
	// KeyEnded is for a key that was given up: no token that it signed is
	// accepted.
	KeyEnded TokenKeyState = "ended"
)

// TokenKey is one of the keys that sign the webhook and return URLs of payments
// and accounts. The key itself is never shown.
type TokenKey struct {
	// ID names the key: "k1", "k2" and so on.
	ID    string        `json:"id" example:"k2"`
	State TokenKeyState `json:"state" enum:"coming,in_force,taken,ended"`
	// Sealed reports whether a secret of host.token_secret is mixed in. Without
	// one, a copy of the database is enough to sign as this host does.
	Sealed bool `json:"sealed" doc:"whether a secret of host.token_secret is mixed in; without one a copy of the database is enough to sign URLs"`
	// From is when the key comes or came into force; nil for the first.
	From *time.Time `json:"from" doc:"when it comes or came into force; null for the first"`
	// EndedAt is when the key was given up; nil while its URLs are accepted.
	EndedAt *time.Time `json:"ended_at,omitempty"`
	// By and Reason are who made the key and why; empty for the first.
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
	// EndedBy and EndReason are who gave the key up and why.
	EndedBy   string `json:"ended_by,omitempty"`
	EndReason string `json:"end_reason,omitempty"`
}
