package providerhttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/payhost/payhost/sdk"
)

var (
	errTooLarge      = errors.New("the answer is too large")
	errEncoded       = errors.New("the answer has a content encoding")
	errAnsweredEarly = errors.New("the answer came before the request was sent")
)

// failure returns what ended the exchange as an error for operators. The texts
// are our own: those of net/http and net/url repeat addresses, and with them
// secrets.
func (x *exchange) failure(err error) *sdk.Error {
	outcome := sdk.OutcomeUnknown
	if !x.sent {
		outcome = sdk.OutcomeNotSent
	}
	return &sdk.Error{
		Code:    sdk.CodeUnavailable,
		Outcome: outcome,
		Message: x.mask.text(x.explain(err)),
	}
}

// explain says what ended the exchange: how far it came, and why no further.
func (x *exchange) explain(err error) string {
	host := x.http.URL.Host
	limit := x.limit(err)
	var connect *connectError
	// A failed connection explains itself, unless a time limit is what ended
	// it.
	if errors.As(err, &connect) && limit == "" {
		return fmt.Sprintf(
			"could not connect to %s: %s",
			host,
			x.connectCause(connect.cause),
		)
	}

	why := limit
	if why == "" {
		why = x.cause(err)
	}

	switch {
	case !x.sent:
		return fmt.Sprintf("the request to %s was not sent: %s", host, why)
	case x.status == 0:
		return fmt.Sprintf("no answer from %s: %s", host, why)
	case limit != "":
		return fmt.Sprintf(
			"the answer of %s (HTTP %d) did not end: %s",
			host,
			x.status,
			why,
		)
	default:
		return fmt.Sprintf(
			"the answer of %s (HTTP %d) cannot be used: %s",
			host,
			x.status,
			why,
		)
	}
}

// limit says which limit ended the request, "" when none did.
func (x *exchange) limit(err error) string {
	// It failed by itself, whatever the clock says by now.
	var connect *connectError
	if errors.As(err, &connect) && !isTimeout(err) && !errors.Is(err, context.Canceled) {
		return ""
	}

	inTime := sdk.InTime(x.gate.ctx) && !errors.Is(err, errTooLate)
	if inTime || errors.Is(err, errTooLarge) || errors.Is(err, errEncoded) {
		return ""
	}

	// The caller's own limits come first: it knows them.
	if errors.Is(x.caller.Err(), context.Canceled) {
		return "the call was canceled"
	}
	if deadline, ok := x.caller.Deadline(); ok && !deadline.After(x.deadline) {
		return "the call's deadline passed"
	}

	return fmt.Sprintf("the limit of %s for one request passed", x.client.options.Timeout)
}

// isTimeout reports whether an error is that of a time limit.
func isTimeout(err error) bool {
	var timed interface{ Timeout() bool }
	isTimed := errors.As(err, &timed) && timed.Timeout()
	return isTimed || errors.Is(err, context.DeadlineExceeded)
}

// connectCause says why there is no connection.
func (x *exchange) connectCause(err error) string {
	var lookup *net.DNSError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var op *net.OpError

	// The most exact cause comes first: a failed lookup may be a timeout too.
	switch {
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return "no such host"
	case errors.As(err, &lookup):
		return "the name lookup failed"
	case errors.As(err, &verification):
		return certificateCause(verification.Err)
	case errors.As(err, &record):
		return "it does not speak TLS"
	case isTimeout(err):
		return fmt.Sprintf("no connection within %s", connectTimeout)
	case errors.As(err, &op) && op.Op == "remote error":
		return "it refused the TLS handshake"
	case errors.As(err, &op) && op.Op == "local error":
		return "the TLS handshake failed"
	}

	return x.cause(err)
}

// certificateCause says what is wrong with a server's certificate.
func certificateCause(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError

	switch {
	case errors.As(err, &unknown):
		return "its certificate is not signed by a trusted authority"
	case errors.As(err, &name):
		return "its certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not yet valid"
	}

	return "its certificate is not valid"
}

// cause says what happened on a connection.
func (x *exchange) cause(err error) string {
	// Looked at and never passed on: net/http has no types for these.
	text := err.Error()

	switch {
	case errors.Is(err, errTooLarge):
		return "the body is larger than " + size(x.client.options.MaxResponse)
	case errors.Is(err, errEncoded):
		return "it has a content encoding, which was not asked for"
	case errors.Is(err, errAnsweredEarly):
		return "the provider answered before it was asked"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to the host"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF),
		strings.Contains(text, "server closed"):
		return "the connection was closed before the answer was complete"
	case strings.Contains(text, "response headers exceeded"):
		return "the headers are larger than " + size(maxResponseHeader)
	case strings.Contains(text, "malformed"), strings.Contains(text, "invalid"),
		strings.Contains(text, "unsupported"):
		return "it is not valid HTTP"
	case isTimeout(err):
		return "timed out"
	}

	return "the connection failed"
}
