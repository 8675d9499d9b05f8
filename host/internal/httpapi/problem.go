package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// problem is the body of every error: that of RFC 9457, and what the caller of
// a payment must know besides. It is an error of huma's kind: status, headers
// and content type come from it.
type problem struct {
	Type            string              `json:"type" example:"about:blank"`
	Title           string              `json:"title" example:"Unprocessable Entity"`
	Status          int                 `json:"status" example:"422"`
	Detail          string              `json:"detail" doc:"what went wrong, for people"`
	Code            string              `json:"code" example:"invalid_request" doc:"what went wrong, for programs"`
	Outcome         string              `json:"outcome" enum:"not_sent,refused,unknown" doc:"whether the provider may have acted: it never got the request, it refused it, or nobody knows"`
	Violations      []payment.Violation `json:"violations" doc:"everything that is wrong with the request"`
	ProviderCode    string              `json:"provider_code" doc:"the provider's own code"`
	ProviderMessage string              `json:"provider_message" doc:"the provider's own words"`
	PaymentID       string              `json:"payment_id,omitempty" doc:"the payment or payout that it is about"`
	payment.Advice
	RequestID string `json:"request_id" doc:"finds this request in the host's log"`

	header http.Header
}

type violation = payment.Violation

// The codes of problems that the API finds by itself.
const (
	codeMalformed    = "malformed"
	codeUnauthorized = "unauthorized"
	codeNoMethod     = "method_not_allowed"
	codeTooLarge     = "too_large"
	codeMediaType    = "unsupported_media_type"
)

func (p *problem) Error() string           { return p.Detail }
func (p *problem) GetStatus() int          { return p.Status }
func (p *problem) GetHeaders() http.Header { return p.header }

// ContentType is called by huma.
func (p *problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// newProblem makes a problem of a request with which nothing was done.
func newProblem(status int, code, detail string) *problem {
	return &problem{
		Type:       "about:blank",
		Title:      http.StatusText(status),
		Status:     status,
		Detail:     detail,
		Code:       code,
		Outcome:    string(sdk.OutcomeNotSent),
		Violations: []violation{},
		Advice: payment.Advice{
			Retry:       payment.RetryNever,
			RetryReason: "nothing was done, and the same request would meet the same end",
		},
		header: http.Header{},
	}
}

// write answers a request that huma does not handle.
func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	p.RequestID = requestID(r.Context())
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a caller that hung up does not want it
}

// retryAfter sets the header, in whole seconds and at least one.
func (p *problem) retryAfter(d time.Duration) {
	seconds := int(math.Max(1, math.Ceil(d.Seconds())))
	p.header.Set("Retry-After", strconv.Itoa(seconds))
}

// callKind is the kind of a call, as far as its errors depend on it.
type callKind int

const (
	// changing is for calls that change something at the provider.
	changing callKind = iota
	// reading is for calls that only query, and for the provider's own
	// operations.
	reading
)

// errInside is shown in place of a cause that may say what is no caller's
// business.
const errInside = "something failed inside the host; its log tells what, under this request_id"

// fail makes the answer of an error.
func (a *API) fail(ctx context.Context, kind callKind, err error) *problem {
	return because(ctx, problemOf(a.errorOf(ctx, err), kind))
}

// failUnderKey is fail for a call under a key. replayed reports that the error
// is an earlier call's, as far as the provider was asked at all.
func (a *API) failUnderKey(ctx context.Context, kind callKind, replayed bool, err error) *problem {
	e := a.errorOf(ctx, err)
	p := problemOf(e, kind)
	if replayed && e.Asked {
		p.header.Set(replayedName, replayedHeader(true))
	}
	return because(ctx, p)
}

// errorOf returns the error of a call. Any other is not shown: it goes to the
// log.
func (a *API) errorOf(ctx context.Context, err error) *payment.Error {
	var e *payment.Error
	if errors.As(err, &e) {
		return e
	}
	var raw *sdk.Error
	if errors.As(err, &raw) {
		return payment.FromProvider("", "", err)
	}

	// The cause may name files, hosts or queries.
	a.Logger.Error(
		"a request failed inside the host",
		"request_id", requestID(ctx),
		"error", err,
	)

	return &payment.Error{
		Code:    string(sdk.CodeInternal),
		Outcome: sdk.OutcomeUnknown,
		Message: errInside,
	}
}

func problemOf(failed *payment.Error, kind callKind) *problem {
	answer := newProblem(statusOf(failed, kind), failed.Code, failed.Message)
	answer.Outcome = string(failed.Outcome)
	answer.ProviderCode = failed.ProviderCode
	answer.ProviderMessage = failed.ProviderMessage
	answer.PaymentID = failed.PaymentID
	answer.Violations = payment.Violations(failed.Violations)
	answer.Advice = failed.Advise()

	// A question may be asked again, whatever became of it.
	if kind == reading && failed.Asked && failed.Outcome != sdk.OutcomeRefused {
		answer.Advice = payment.Advice{
			Retry:       payment.RetryWait,
			RetryAfter:  1,
			RetryReason: "it only asks: asking again is harmless",
		}
	}

	// These two statuses always say when to come back.
	saysWhen := (answer.Status == http.StatusServiceUnavailable) ||
		(answer.Status == http.StatusTooManyRequests)
	if failed.RetryAfter > 0 || saysWhen {
		answer.retryAfter(failed.RetryAfter)
	}

	return answer
}

// statusOf is the table of what answers what.
func statusOf(failed *payment.Error, kind callKind) int {
	switch {
	case !failed.Asked:
		return statusUnasked(failed)
	case kind == reading:
		return statusReading(failed)
	}

	// An unknown outcome of a change must never read like a refusal: money may
	// have moved.
	switch failed.Outcome {
	case sdk.OutcomeRefused:
		return http.StatusUnprocessableEntity
	case sdk.OutcomeNotSent:
		return statusUnsent(failed)
	default:
		return http.StatusGatewayTimeout
	}
}

// statusUnasked is for a request that the host refused by itself.
func statusUnasked(failed *payment.Error) int {
	sent := failed.Outcome != sdk.OutcomeNotSent
	switch failed.Code {
	case string(sdk.CodeNotFound):
		return http.StatusNotFound
	case payment.CodeConflict,
		payment.CodeIdempotencyConflict,
		payment.CodeIdempotencyInProgress:
		return http.StatusConflict
	case string(sdk.CodeRateLimited):
		return http.StatusTooManyRequests
	case string(sdk.CodePermission):
		return http.StatusForbidden

	case payment.CodeStorage, payment.CodePaused, payment.CodeFenced:
		return http.StatusServiceUnavailable

	// The caller or the host has gone: it counts whether a call had left.
	case payment.CodeCanceled, payment.CodeHostGone:
		if sent {
			return http.StatusGatewayTimeout // the call goes on, or went on, and no caller waits
		}
		return http.StatusServiceUnavailable

	// No plugin took the call, or one did and its answer was lost.
	case string(sdk.CodeUnavailable), string(sdk.CodeInternal):
		if sent && failed.PaymentID != "" {
			return http.StatusGatewayTimeout // a call whose end the host did not see
		}
		if failed.Code == string(sdk.CodeInternal) {
			return http.StatusInternalServerError
		}

		return http.StatusServiceUnavailable

	default:
		return http.StatusUnprocessableEntity
	}
}

// statusUnsent is for a call that the plugin, or the way to it, ended before
// anything left. The caller can correct a request; what time alone corrects is
// 503.
func statusUnsent(e *payment.Error) int {
	switch e.Code {
	case string(sdk.CodeUnavailable), string(sdk.CodeInternal), string(sdk.CodeRateLimited):
		return http.StatusServiceUnavailable
	default:
		return http.StatusUnprocessableEntity
	}
}

// statusReading is for a call that only queries: the provider refuses it, or
// does not answer.
func statusReading(failed *payment.Error) int {
	silent := (failed.Code == string(sdk.CodeUnavailable)) ||
		(failed.Code == string(sdk.CodeInternal))
	correctable := (failed.Outcome == sdk.OutcomeNotSent) &&
		(statusUnsent(failed) == http.StatusUnprocessableEntity)

	// A refusal is an answer, whatever its code: only silence is a timeout.
	switch {
	case correctable, failed.Code == string(sdk.CodeNotSupported):
		return http.StatusUnprocessableEntity
	case silent && failed.Outcome != sdk.OutcomeRefused:
		return http.StatusGatewayTimeout
	default:
		return http.StatusBadGateway
	}
}
