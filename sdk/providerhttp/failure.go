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

// failure turns what ended the exchange into an error for operators. The texts
// are our own: those of net/http and net/url repeat addresses, and with them
// secrets.
func (x *exchange) failure(err error) *sdk.Error {
	host := x.http.URL.Host
	var connect *connectError
	var text string

	switch limit := x.limit(err); {
	case errors.As(err, &connect) && limit == "":
		text = fmt.Sprintf(
			"could not connect to %s: %s",
			host,
			x.connectCause(connect.cause),
		)
	case !x.sent && limit != "":
		text = fmt.Sprintf("the request to %s was not sent: %s", host, limit)

	case !x.sent:
		text = fmt.Sprintf("the request to %s was not sent: %s", host, x.cause(err))
	case limit != "" && x.status == 0:
		text = fmt.Sprintf("no answer from %s: %s", host, limit)
	case limit != "":
		text = fmt.Sprintf(
			"the answer of %s (HTTP %d) did not end: %s",
			host,
			x.status,
			limit,
		)

	case x.status == 0:
		text = fmt.Sprintf("no answer from %s: %s", host, x.cause(err))
	default:
		text = fmt.Sprintf(
			"the answer of %s (HTTP %d) cannot be used: %s",
			host,
			x.status,
			x.cause(err),
		)
	}

	e := &sdk.Error{
		Code:    sdk.CodeUnavailable,
		Outcome: sdk.OutcomeUnknown,
		Message: x.mask.text(text),
	}
	if !x.sent {
		e.Outcome = sdk.OutcomeNotSent
	}

	return e
}

// limit says which limit ended the request, "" when none did.
func (x *exchange) limit(err error) string {
	var connect *connectError
	if errors.As(err, &connect) && !isTimeout(err) && !errors.Is(err, context.Canceled) {
		return "" // it failed by itself, whatever the clock says by now
	}
	if (sdk.InTime(x.gate.ctx) && !errors.Is(err, errTooLate)) ||
		errors.Is(err, errTooLarge) ||
		errors.Is(err, errEncoded) {
		return ""
	}

	if errors.Is(x.caller.Err(), context.Canceled) {
		return "the call was canceled"
	}
	if deadline, ok := x.caller.Deadline(); ok && !deadline.After(x.deadline) {
		return "the call's deadline passed"
	}

	return fmt.Sprintf("the limit of %s for one request passed", x.client.options.Timeout)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &t) && t.Timeout())
}

// connectCause says why there is no connection.
func (x *exchange) connectCause(err error) string {
	var lookup *net.DNSError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var op *net.OpError

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
	text := err.Error() // looked at, never passed on
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
	case errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, io.EOF),
		strings.Contains(text, "server closed"):
		return "the connection was closed before the answer was complete"

	case strings.Contains(text, "response headers exceeded"):
		return "the headers are larger than " + size(maxResponseHeader)
	case strings.Contains(text, "malformed"),
		strings.Contains(text, "invalid"),
		strings.Contains(text, "unsupported"):
		return "it is not valid HTTP"
	case isTimeout(err):
		return "timed out"
	}

	return "the connection failed"
}
