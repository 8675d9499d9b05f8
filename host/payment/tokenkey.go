package payment

import "time"

// TokenKeyState says what a key of the hosts' URLs is good for.
type TokenKeyState string

// The states of a key.
const (
	KeyComing  TokenKeyState = "coming"   // made, and in force from TokenKey.From on
	KeyInForce TokenKeyState = "in_force" // signs the URLs of what is made now
	// signed the URLs of older payments, which are taken still
	KeyTaken TokenKeyState = "taken"
	KeyEnded TokenKeyState = "ended" // given up: no token that it signed is taken
)

// TokenKey is one of the keys that sign the webhook and return URLs of payments
// and accounts. The key itself is never shown.
type TokenKey struct {
	// ID names the key: "k1", "k2" and so on.
	ID    string        `json:"id" example:"k2"`
	State TokenKeyState `json:"state" enum:"coming,in_force,taken,ended"`
	// Sealed reports whether a secret of host.token_secret is mixed in. Without
	// one, whoever reads a copy of the database can sign as this host does.
	Sealed bool `json:"sealed" doc:"whether a secret of host.token_secret is mixed in; without one a copy of the database is enough to sign URLs"`
	// From is when the key comes or came into force; nil for the first.
	From *time.Time `json:"from" doc:"when it comes or came into force; null for the first"`
	// EndedAt is when the key was given up; nil while it is taken.
	EndedAt *time.Time `json:"ended_at,omitempty"`
	// By and Reason are who made the key and why; empty for the first.
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
	// EndedBy and EndReason are who gave the key up and why.
	EndedBy   string `json:"ended_by,omitempty"`
	EndReason string `json:"end_reason,omitempty"`
}
