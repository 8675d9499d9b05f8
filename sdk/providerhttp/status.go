package providerhttp

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// maxRetryAfter bounds what a provider can ask us to wait.
const maxRetryAfter = 24 * time.Hour

// meaning of a status for the request that got it.
type meaning struct {
	code    sdk.Code
	outcome sdk.Outcome
}

// meanings of the statuses that say something by themselves. A 409 is not a clear no: an earlier attempt of the same
// intent may be what it conflicts with. A 408 can come from a proxy whose provider was only slow.
var meanings = map[int]meaning{
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

// StatusError is what the status alone says: nil for 2xx, else an *sdk.Error; one that says nothing by itself is
// CodeUnavailable with OutcomeUnknown, as is every 5xx. A provider's own error body says more and comes first; this
// is for answers that have none. Retry-After (seconds or a date, at most 24 hours) is in RetryAfter, and the
// beginning of the body in ProviderMessage, secrets masked.
func (r *Response) StatusError() error {
	if r.Status >= 200 && r.Status < 300 {
		return nil
	}
	means, ok := meanings[r.Status]
	if !ok {
		means = meaning{sdk.CodeUnavailable, sdk.OutcomeUnknown}
	}
	text := fmt.Sprintf("the provider answered HTTP %d", r.Status)
	if name := http.StatusText(r.Status); name != "" {
		text += " " + name
	}
	return &sdk.Error{
		Code: means.code, Outcome: means.outcome, Message: text, ProviderMessage: r.excerpt(), RetryAfter: r.RetryAfter(),
	}
}

// Refusal is the error for an answer whose body is a well-formed no, with the provider's own code and words, which may
// be empty. A status other than 2xx gives code and outcome as StatusError does, so that a 5xx stays unknown whatever its
// body says; with 2xx it is CodeDeclined with OutcomeRefused. The caller may set a better code.
func (r *Response) Refusal(providerCode, providerMessage string) *sdk.Error {
	e := sdk.Refused(sdk.CodeDeclined, providerCode, providerMessage)
	if means := sdk.AsError(r.StatusError()); means != nil {
		e.Code, e.Outcome, e.Message, e.RetryAfter = means.Code, means.Outcome, means.Message, means.RetryAfter
	}
	return e
}

// MessageCodes are of what a provider says in words, in lower case: by them a no is told from another where the document has
// no codes. The first one counts whose words are in the message.
type MessageCodes []struct {
	Said string
	Code sdk.Code
}

// Of gives e, which is what Refusal gave, the meaning of its words. Those of a server that fails count only when they say
// that this was done before: a duplicate that is taken for anything else could be paid twice.
func (list MessageCodes) Apply(e *sdk.Error) *sdk.Error {
	said := strings.ToLower(e.ProviderMessage)
	for _, m := range list {
		if strings.Contains(said, m.Said) && (e.Outcome == sdk.OutcomeRefused || m.Code == sdk.CodeDuplicate) {
			return e.Means(m.Code)
		}
	}
	return e
}

// RetryAfter is how long the provider asks to wait: from now, whole seconds, at most 24 hours, 0 when it does not say.
func (r *Response) RetryAfter() time.Duration {
	text := strings.TrimSpace(r.Header.Get("Retry-After"))
	if text != "" && strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds > int(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
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

// roundedUp is d in whole seconds, never less.
func roundedUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}
