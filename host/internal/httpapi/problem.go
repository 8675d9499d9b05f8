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

// problem is the body of every error, as RFC 9457 has it and with what a
// payment's caller must know on top. It is an error of huma's kind: status,
// headers and content type come from it.
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

// The codes of problems that never come to the core.
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

// ContentType is asked by huma.
func (p *problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

func newProblem(status int, code, detail string) *problem {
	return &problem{
		Type:       "about:blank",
		Title:      http.StatusText(status),
		Status:     status,
		Detail:     detail,
		Code:       code,
		Outcome:    string(sdk.OutcomeNotSent),
		Violations: []violation{},
		header:     http.Header{},
		Advice: payment.Advice{
			Retry:       payment.RetryNever,
			RetryReason: "nothing was done, and the same request would meet the same end",
		},
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
	_ = json.NewEncoder(w).Encode(p) // whoever hung up does not want it
}

// retryAfter sets the header, in whole seconds and at least one.
func (p *problem) retryAfter(d time.Duration) {
	p.header.Set("Retry-After", strconv.Itoa(int(math.Max(1, math.Ceil(d.Seconds())))))
}

// kind is what a call does, as far as its errors depend on it.
type kind int

const (
	changes kind = iota // it changes something at the provider
	asks                // it only asks, or is the provider's own operation
)

// fail turns what the core says into the answer. What is no error of ours is
// not shown: it goes to the log.
func (a *API) fail(ctx context.Context, k kind, replayed bool, err error) error {
	var e *payment.Error
	var raw *sdk.Error

	switch {
	case errors.As(err, &e):
	case errors.As(err, &raw):
		e = payment.FromProvider("", "", err)
	default:
		a.Logger.Error(
			"a request failed inside the host",
			"request_id", requestID(ctx),
			"error", err,
		)
		e = &payment.Error{
			Code:    string(sdk.CodeInternal),
			Outcome: sdk.OutcomeUnknown,
			Message: "something failed inside the host; its log tells what, under this request_id",
		}
	}

	p := newProblem(statusOf(e, k), e.Code, e.Message)
	p.Outcome = string(e.Outcome)
	p.ProviderCode = e.ProviderCode
	p.ProviderMessage = e.ProviderMessage
	p.PaymentID = e.PaymentID
	p.Violations, p.Advice = payment.Violations(e.Violations), e.Advise()
	if k == asks && e.Asked && e.Outcome != sdk.OutcomeRefused {
		p.Advice = payment.Advice{
			Retry:       payment.RetryWait,
			RetryAfter:  1,
			RetryReason: "it only asks: asking again is harmless",
		}
	}

	if e.RetryAfter > 0 || p.Status == http.StatusServiceUnavailable ||
		p.Status == http.StatusTooManyRequests {
		p.retryAfter(e.RetryAfter)
	}

	if replayed && e.Asked {
		p.header.Set(replayedHeader, "true")
	}

	return p
}

// statusOf is the table of what answers what.
func statusOf(e *payment.Error, k kind) int {
	switch {
	case !e.Asked:
		return statusUnasked(e)
	case k == asks:
		return statusAsking(e)
	}

	switch e.Outcome {
	case sdk.OutcomeRefused:
		return http.StatusUnprocessableEntity
	case sdk.OutcomeNotSent:
		return statusUnsent(e)
	default:
		return http.StatusGatewayTimeout
	}
}

// statusUnasked is for what the host turned away by itself.
func statusUnasked(e *payment.Error) int {
	switch e.Code {
	case string(sdk.CodeNotFound):
		return http.StatusNotFound
	case payment.CodeConflict,
		payment.CodeIdempotencyConflict,
		payment.CodeIdempotencyInProgress:
		return http.StatusConflict
	case string(sdk.CodeRateLimited):
		return http.StatusTooManyRequests

	case payment.CodeStorage:
		return http.StatusServiceUnavailable
	case payment.CodeCanceled, payment.CodeHostGone:
		if e.Outcome != sdk.OutcomeNotSent {
			// the call goes on, or went on, without anybody who waits
			return http.StatusGatewayTimeout
		}

		return http.StatusServiceUnavailable

	case string(sdk.CodeUnavailable), string(sdk.CodeInternal):
		if e.Outcome != sdk.OutcomeNotSent && e.PaymentID != "" {
			return http.StatusGatewayTimeout // a call whose end nobody saw
		}
		if e.Code == string(sdk.CodeInternal) {
			return http.StatusInternalServerError
		}

		return http.StatusServiceUnavailable

	default:
		return http.StatusUnprocessableEntity
	}
}

// statusUnsent is for a call that the plugin, or the way to it, ended before
// anything left: what another request would mend is the caller's, what time
// would mend is not.
func statusUnsent(e *payment.Error) int {
	switch e.Code {
	case string(sdk.CodeUnavailable), string(sdk.CodeInternal), string(sdk.CodeRateLimited):
		return http.StatusServiceUnavailable
	default:
		return http.StatusUnprocessableEntity
	}
}

// statusAsking is for a call that only asks: a provider that answers no, or one
// that does not answer.
func statusAsking(e *payment.Error) int {
	silent := e.Code == string(sdk.CodeUnavailable) || e.Code == string(sdk.CodeInternal)
	switch {
	case e.Outcome == sdk.OutcomeNotSent && statusUnsent(e) == http.StatusUnprocessableEntity,
		e.Code == string(sdk.CodeNotSupported):
		return http.StatusUnprocessableEntity
	case e.Outcome != sdk.OutcomeRefused && silent:
		return http.StatusGatewayTimeout
	default:
		return http.StatusBadGateway
	}
}
