package host

import (
	"context"
	"crypto/tls"
	"log/slog"
	"time"
)

// SetAfter has a test say when a notice is over.
func (h *Host) SetAfter(after func(time.Duration) <-chan time.Time) { h.after = after }

// Certificate is a pair that is read again at every handshake that a test makes
// up, however soon it comes after the last.
type Certificate struct{ served *certificate }

// NewCertificate reads a pair.
func NewCertificate(cert, key string) (Certificate, error) {
	served, err := newCertificate(
		func() (string, string) { return cert, key },
		slog.New(slog.DiscardHandler),
	)
	return Certificate{served}, err
}

// Current is the pair of a handshake.
func (c Certificate) Current() (*tls.Certificate, error) {
	c.served.looked = time.Time{}
	return c.served.current(nil)
}

// ForbidsPrograms is for the test of it.
func ForbidsPrograms(dir string) bool { return forbidsPrograms(dir) }

// Forget does what background work does with what is old.
func (h *Host) Forget(ctx context.Context) error { return h.forget(ctx, "") }
