package hosttest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/sdk"
)

// Provider is one configured provider, and at the same time the real provider
// behind it. It may be used by several goroutines.
type Provider struct {
	name    string
	without []sdk.Capability

	mu      sync.Mutex
	answers map[sdk.Capability]Answer
	calls   map[sdk.Capability]int
	records map[string]*record // by our reference, which is the id of the payment, payout or refund

	ended context.Context // ends with the test
	end   context.CancelFunc
}

// record is what the provider knows of one payment, payout or refund.
type record struct {
	kind      sdk.Capability // of the verb that made it
	reference string
	status    string
	amount    sdk.Money
}

// NewProvider returns a provider that carries out every call: a payment
// requires the customer's action until Settle says otherwise, a payout is
// processing, a refund is pending. It lacks the verbs in without.
func NewProvider(name string, without ...sdk.Capability) *Provider {
	p := &Provider{
		name:    name,
		without: without,
		answers: map[sdk.Capability]Answer{},
		calls:   map[sdk.Capability]int{},
		records: map[string]*record{},
	}
	p.ended, p.end = context.WithCancel(context.Background())
	return p
}

// Name returns the provider's name in requests.
func (p *Provider) Name() string { return p.name }

// On sets what the provider does with the calls of a verb from now on.
func (p *Provider) On(verb sdk.Capability, answer Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[verb] = answer
}

// Calls returns how often a verb has been called.
func (p *Provider) Calls(verb sdk.Capability) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[verb]
}

// Settle sets the status of a payment, payout or refund at the provider, by its
// id. The host learns of it when it queries the status, or by Notify. Settle
// reports whether the provider was ever asked for that id.
func (p *Provider) Settle(id, status string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()

	known := p.records[id]
	if known == nil {
		return false
	}
	known.status = status
	return true
}

// Notify has the provider send its signed webhook about a payment, payout or
// refund, and returns the host's answer.
func (p *Provider) Notify(t testing.TB, h *host.Host, id string) *http.Response {
	t.Helper()
	body, err := json.Marshal(webhookBody{Reference: id})
	if err != nil {
		t.Fatal(err)
	}

	answer := httptest.NewRecorder()
	request := httptest.NewRequest(
		http.MethodPost,
		"/webhooks/"+p.name,
		strings.NewReader(string(body)),
	)
	h.WebhookHandler().ServeHTTP(answer, request)

	return answer.Result()
}

// webhookBody is the body of a webhook.
type webhookBody struct {
	Reference string `json:"reference"`
}

// carryOut does with one call what the test has set. act changes the records;
// it is nil for verbs that only read.
func (p *Provider) carryOut(ctx context.Context, verb sdk.Capability, act func()) error {
	p.mu.Lock()
	p.calls[verb]++
	answer := p.answers[verb]
	p.mu.Unlock()

	// A call may wait until the test, the host or the end of the test ends it.
	if answer.before != nil {
		waiting, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(p.ended, stop)()
		if err := answer.before(waiting); err != nil {
			return err
		}
	}

	// A provider may act although its answer is an error; idle alone keeps it
	// from acting.
	if !answer.idle && (act != nil) {
		p.mu.Lock()
		act()
		p.mu.Unlock()
	}

	if answer.err != nil {
		return answer.err
	}

	return nil
}

// find returns a copy of the record of a reference.
func (p *Provider) find(reference string) (record, error) {
	p.mu.Lock()
	defer p.mu.Unlock()

	known := p.records[reference]
	if known == nil {
		return record{}, sdk.Refused(
			sdk.CodeNotFound,
			"",
			"the provider has never been asked for it",
		)
	}

	return *known, nil
}
