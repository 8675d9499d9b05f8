package providerhttp

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// maxRetryAfter bounds how long a provider can make the caller wait.
const maxRetryAfter = 24 * time.Hour

// verdict is what a status says of the request that got it.
type verdict struct {
	code    sdk.Code
	outcome sdk.Outcome
}

// verdicts are those of the statuses that say something by themselves. A 409 is
// not a clear refusal: the conflict may be with an earlier attempt of the same
// intent. A 408 can come from a proxy whose provider was only slow.
var verdicts = map[int]verdict{
	http.StatusBadRequest:            {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
	http.StatusUnauthorized:          {sdk.CodeAuthentication, sdk.OutcomeRefused},
	http.StatusPaymentRequired:       {sdk.CodeDeclined, sdk.OutcomeRefused},
	http.StatusForbidden:             {sdk.CodePermission, sdk.OutcomeRefused},
	http.StatusNotFound:              {sdk.CodeNotFound, sdk.OutcomeRefused},
	http.StatusMethodNotAllowed:      {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
	http.StatusNotAcceptable:         {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
	http.StatusConflict:              {sdk.CodeDuplicate, sdk.OutcomeUnknown},
	http.StatusGone:                  {sdk.CodeNotFound, sdk.OutcomeRefused},
	http.StatusLengthRequired:        {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
	http.StatusRequestEntityTooLarge: {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
	http.StatusRequestURITooLong:     {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
	http.StatusUnsupportedMediaType:  {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
	http.StatusUnprocessableEntity:   {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
	http.StatusTooManyRequests:       {sdk.CodeRateLimited, sdk.OutcomeRefused},
}

// StatusError returns the error that the status alone proves: nil for 2xx, else
// an *sdk.Error; for a status that says nothing by itself, as every 5xx does,
// it is CodeUnavailable with OutcomeUnknown. A provider's own error body says
// more and comes first; this is for answers that have none. Retry-After
// (seconds or a date, at most 24 hours) is in RetryAfter, and the beginning of
// the body in ProviderMessage, secrets masked.
func (r *Response) StatusError() error {
	if r.Status >= 200 && r.Status < 300 {
		return nil
	}
	// A status outside the table proves nothing: the provider may have acted
	// before it failed.
	proven, ok := verdicts[r.Status]
	if !ok {
		proven = verdict{sdk.CodeUnavailable, sdk.OutcomeUnknown}
	}

	text := fmt.Sprintf("the provider answered HTTP %d", r.Status)
	if name := http.StatusText(r.Status); name != "" {
		text += " " + name
	}

	return &sdk.Error{
		Code:            proven.code,
		Outcome:         proven.outcome,
		Message:         text,
		ProviderMessage: r.excerpt(),
		RetryAfter:      r.RetryAfter(),
	}
}

// Refusal returns the error for an answer whose body is a well-formed refusal,
// with the provider's own code and words, which may be empty. A status other
// than 2xx decides code and outcome as in StatusError, so that a 5xx stays
// unknown whatever its body says; with 2xx it is CodeDeclined with
// OutcomeRefused. The caller may set a better code.
func (r *Response) Refusal(providerCode, providerMessage string) *sdk.Error {
	refusal := sdk.Refused(sdk.CodeDeclined, providerCode, providerMessage)
	if status := sdk.AsError(r.StatusError()); status != nil {
		refusal.Code = status.Code
		refusal.Outcome = status.Outcome
		refusal.Message = status.Message
		refusal.RetryAfter = status.RetryAfter
	}
	return refusal
}

// MessageCodes are the codes of a provider's refusals by their words, in lower
// case, for providers whose documents have no codes. The first entry counts
// whose words are in the message.
type MessageCodes []struct {
	Said string
	Code sdk.Code
}

// Apply returns the error of Refusal with the code of its words. The words of a
// server that fails count only when they say that this was done before: a
// duplicate that is taken for anything else could be paid twice.
func (list MessageCodes) Apply(refusal *sdk.Error) *sdk.Error {
	said := strings.ToLower(refusal.ProviderMessage)
	for _, entry := range list {
		counts := refusal.Outcome == sdk.OutcomeRefused || entry.Code == sdk.CodeDuplicate
		if counts && strings.Contains(said, entry.Said) {
			return refusal.Means(entry.Code)
		}
	}
	return refusal
}

// RetryAfter returns how long the provider asks to wait: from now, whole
// seconds, at most 24 hours, 0 when it does not say.
func (r *Response) RetryAfter() time.Duration {
	text := strings.TrimSpace(r.Header.Get("Retry-After"))
	if text != "" && strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds > int(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}

	// Otherwise it is a date, which the plugin's clock is compared with.
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}

	now := time.Now
	if r.now != nil {
		now = r.now
	}

	return min(max(roundedUp(at.Sub(now())), 0), maxRetryAfter)
}

// roundedUp returns a duration in whole seconds, never less.
func roundedUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}
