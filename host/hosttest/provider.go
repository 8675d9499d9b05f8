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

// Provider is one configured provider and, at the same time, what is on the
// other side of it. It may be used by several goroutines.
type Provider struct {
	name string

	mu      sync.Mutex
	answers map[sdk.Capability]Answer
	calls   map[sdk.Capability]int
	records map[string]*record // by our reference, which is the id of the payment, payout or refund
	without []sdk.Capability
	ended   context.Context // ends with the test
	end     context.CancelFunc
}

// record is what the provider knows of one payment, payout or refund.
type record struct {
	kind   sdk.Capability // of the verb that made it
	status string
	amount sdk.Money
}

// NewProvider returns a provider that does everything that it is asked for: a
// payment requires the customer's action until Settle says otherwise, a payout
// is processing, a refund is pending. without are verbs that it does not have.
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

// Name is the provider's in requests.
func (p *Provider) Name() string { return p.name }

// On sets what is done with the calls of a verb from now on.
func (p *Provider) On(verb sdk.Capability, a Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[verb] = a
}

// Calls is how often a verb has been called.
func (p *Provider) Calls(verb sdk.Capability) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[verb]
}

// Settle sets how far a payment, payout or refund is at the provider, by its
// id. The host learns of it when it asks, or by Notify. It reports whether the
// provider was ever asked for one of that id.
func (p *Provider) Settle(id, status string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.records[id]
	if r == nil {
		return false
	}
	r.status = status
	return true
}

// Notify has the provider send its signed notice of how far a payment, payout
// or refund is, and gives what the host answered.
func (p *Provider) Notify(t testing.TB, h *host.Host, id string) *http.Response {
	t.Helper()
	body, err := json.Marshal(notice{Reference: id})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.WebhookHandler().
		ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/webhooks/"+p.name, strings.NewReader(string(body))))
	return w.Result()
}

// notice is the body of a notice.
type notice struct {
	Reference string `json:"reference"`
}

// carryOut does what the script says with one call. act, unless nil, is what is
// carried out.
func (p *Provider) carryOut(ctx context.Context, verb sdk.Capability, act func()) error {
	p.mu.Lock()
	p.calls[verb]++
	a := p.answers[verb]
	p.mu.Unlock()
	if a.before != nil {
		waiting, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(p.ended, stop)()
		if err := a.before(waiting); err != nil {
			return err
		}
	}

	if !a.idle && act != nil {
		p.mu.Lock()
		act()
		p.mu.Unlock()
	}

	if a.err != nil {
		return a.err
	}

	return nil
}

// open records something new; a repeat finds the first one.
func (p *Provider) open(kind sdk.Capability, reference, status string, amount sdk.Money) {
	if p.records[reference] == nil {
		p.records[reference] = &record{kind, status, amount}
	}
}

// find returns what is recorded under a reference.
func (p *Provider) find(reference string) (record, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.records[reference]
	if r == nil {
		return record{}, sdk.Refused(
			sdk.CodeNotFound,
			"",
			"the provider has never been asked for it",
		)
	}

	return *r, nil
}
