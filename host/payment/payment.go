package payment

import (
	"encoding/json"
	"time"

	"github.com/payhost/payhost/sdk"
)

// Payment is one payment as it is now. Times are in UTC.
type Payment struct {
	ID                string       `json:"id" doc:"pay_…, sortable by time"`
	Provider          string       `json:"provider"`
	Status            Status       `json:"status" enum:"created,requires_action,processing,authorized,succeeded,failed,canceled,expired,under_review,unknown"`
	ReviewReason      ReviewReason `json:"review_reason,omitempty" doc:"why it is under review: provider, mismatch or unproven; approval: it is created and waits for a second name"`
	Amount            Amount       `json:"amount"`
	Currency          string       `json:"currency"`
	MerchantReference string       `json:"merchant_reference"`
	Description       string       `json:"description,omitempty"`
	Method            string       `json:"method,omitempty"`
	// ProviderReference is the provider's newest name for it;
	// ProviderReferences all of them when there are several.
	ProviderReference  string            `json:"provider_reference"`
	ProviderReferences []string          `json:"provider_references,omitempty"`
	ProviderStatus     string            `json:"provider_status"`
	PaidAmount         *Amount           `json:"paid_amount"`
	PaidCurrency       *string           `json:"paid_currency"`
	NextAction         *NextAction       `json:"next_action"`
	Failure            *Failure          `json:"failure"`
	Approval           *Approval         `json:"approval,omitempty" doc:"what waits for a second name; only when one is asked for"`
	CreatedAt          time.Time         `json:"created_at"`
	UpdatedAt          time.Time         `json:"updated_at"`
	ExpiresAt          *time.Time        `json:"expires_at,omitempty"`
	Metadata           map[string]string `json:"metadata"`
	Attempts           []Attempt         `json:"attempts"`
	History            []Change          `json:"history,omitempty" doc:"who or what changed it, oldest first; only when one payment is asked for"`
}

// Failure is why something failed or is in doubt.
type Failure struct {
	Code            string `json:"code" doc:"the kind of failure"`
	Outcome         string `json:"outcome" enum:"not_sent,refused,unknown"`
	Message         string `json:"message"`
	ProviderCode    string `json:"provider_code,omitempty"`
	ProviderMessage string `json:"provider_message,omitempty"`
	NewAttemptSafe  bool   `json:"new_attempt_safe,omitempty" doc:"a new payment in its place cannot move money twice"`
	// Violations are what only the plugin found wrong with the request, before
	// it sent anything.
	Violations []Violation `json:"violations,omitempty" doc:"what the plugin found wrong with the request"`
	// Advice is set in JSON only; in Go call Advise.
	Advice
}

// Violation is one thing that is wrong with a request.
type Violation struct {
	Field   string `json:"field" example:"customer.email" doc:"dotted path in the body, or the name of a parameter or header"`
	Message string `json:"message" doc:"what is wrong"`
}

// Violations returns the violations of a plugin or of the host as the API shows
// them.
func Violations(list []sdk.Violation) []Violation {
	out := make([]Violation, 0, len(list))
	for _, violation := range list {
		out = append(out, Violation(violation))
	}
	return out
}

// MarshalJSON adds the advice, which follows from the rest.
func (f Failure) MarshalJSON() ([]byte, error) {
	type plain Failure
	f.Advice = f.Advise()
	return json.Marshal(plain(f))
}

// UnmarshalJSON leaves the advice out: it follows from the rest.
func (f *Failure) UnmarshalJSON(data []byte) error {
	type plain Failure
	err := json.Unmarshal(data, (*plain)(f))
	f.Advice = Advice{}
	return err
}

// Attempt is one call to the provider that could change something.
type Attempt struct {
	Number int    `json:"number"`
	Verb   string `json:"verb"`
	// Amount is what a capture takes; nil for every other verb. ActionKey is
	// the idempotency key of an action.
	Amount        *Amount   `json:"amount,omitempty" doc:"what a capture takes"`
	ActionKey     string    `json:"-"`
	StartedAt     time.Time `json:"started_at"`
	Deadline      time.Time `json:"deadline"`
	DurationMS    int64     `json:"duration_ms"`
	PluginVersion string    `json:"plugin_version"`
	Fingerprint   string    `json:"identity,omitempty" doc:"digest of who we were to the provider"`
	Host          string    `json:"host,omitempty" doc:"the host instance that made the call"`
	// Outcome is "ok", "not_sent", "refused" or "unknown"; "" while the call
	// runs.
	Outcome      string     `json:"outcome"`
	Code         string     `json:"code,omitempty"`
	ProviderCode string     `json:"provider_code,omitempty"`
	Message      string     `json:"message,omitempty"`
	Exchanges    []Exchange `json:"exchanges,omitempty" doc:"what was said on the wire, secrets masked; only with include=exchanges"`
}

// Exchange is one HTTP exchange with the provider, secrets masked.
type Exchange struct {
	Method       string `json:"method"`
	URL          string `json:"url"`
	RequestBody  string `json:"request_body,omitempty"`
	Status       int    `json:"status,omitempty"`
	ResponseBody string `json:"response_body,omitempty"`
	DurationMS   int64  `json:"duration_ms"`
	Error        string `json:"error,omitempty"`
	Sent         bool   `json:"sent"`
}

// Change is one line of a history.
type Change struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor" doc:"who or what: the name of a token or api, call, poll, webhook, return, host, operator and who it was"`
	Action string    `json:"action" doc:"what happened, in a word: created, called, redirected, succeeded, …"`
	From   Status    `json:"from,omitempty"`
	To     Status    `json:"to,omitempty"`
	Note   string    `json:"note,omitempty"`
}

// NextAction is what the customer is to do. Type names the first thing; display
// and confirm can come together, and then Type is "display" and Confirm is set.
type NextAction struct {
	Type         string         `json:"type" enum:"redirect,display,confirm"`
	URL          string         `json:"url,omitempty" doc:"redirect: where to"`
	Method       string         `json:"method,omitempty" doc:"redirect: GET or POST"`
	Instructions string         `json:"instructions,omitempty" doc:"display: what to tell the customer"`
	Fields       []ActionField  `json:"fields,omitempty" doc:"redirect with POST: the form's fields; display: what to show; confirm: what to ask for"`
	Confirm      *ConfirmAction `json:"confirm,omitempty" doc:"what the customer then sends back"`
}

// ConfirmAction is the confirm half of a display-and-confirm.
type ConfirmAction struct {
	Fields []ActionField `json:"fields"`
}

// ActionField is one field to show (Value) or to ask for (Required, Kind).
type ActionField struct {
	Name     string `json:"name"`
	Label    string `json:"label,omitempty"`
	Value    string `json:"value,omitempty"`
	Required bool   `json:"required,omitempty"`
	Kind     string `json:"kind,omitempty" doc:"text, amount or file"`
}
