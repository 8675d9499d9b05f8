package payment

import "time"

// Fence says whether hosts of a database may move money. They may not after the
// database was restored, and on a copy of it: what happened since is not in it,
// and a shop that repeats its keys would pay again.
type Fence struct {
	Fenced bool       `json:"fenced"`
	Since  *time.Time `json:"since,omitempty" doc:"when a host found out"`
	Reason string     `json:"reason,omitempty" doc:"what it found"`
}
