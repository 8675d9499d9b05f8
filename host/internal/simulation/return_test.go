package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/payhost/payhost/sdk"
)

// comeBack has a customer's browser come back from the provider's page, once or
// several times. What it carries says that the money was paid. Where nobody
// signs it, the customer may say so without having paid.
func (w *world) comeBack(e *entry, nick string, paid bool) {
	if e.comesBack == "" || e.account.returns == "" ||
		!w.happens("the customer of "+nick+" comes back", w.record.rates.returning) {
		return
	}

	if !paid && e.account.returns == sdk.VerifiedBySignature {
		return // nobody else can sign
	}

	body, err := json.Marshal(news{
		ID:           e.theirs + "-return",
		Reference:    e.ref,
		Theirs:       e.theirs,
		Status:       "succeeded",
		Verification: e.account.returns,
	})
	if err != nil {
		panic(err)
	}

	address := e.comesBack + "?said=" + url.QueryEscape(string(body))
	for k := range 1 + w.pick(nick+" comes back", 3) {
		name := fmt.Sprintf("the browser of %s, time %d", nick, k+1)
		w.pause(nil, name+" waits", w.between(name+" waits", 100*time.Millisecond,
			20*time.Second))
		m := w.machineFor(name)
		status, err := reach(w, name, m, func(ctx context.Context, h *host) (int, error) {
			request := httptest.NewRequestWithContext(ctx, http.MethodGet, address, nil)
			answer := httptest.NewRecorder()
			h.inbox.ReturnHandler().ServeHTTP(answer, request)
			return answer.Code, nil
		})

		w.say("%s says to %s that it was paid (so it was: %v): %d, %v", name, m.name, paid,
			status, err)
	}
}

// parseReturn is how an account reads a customer's coming back.
func (t *trait) parseReturn(
	_ context.Context,
	r sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	query, err := url.ParseQuery(r.Request.Query)
	if err != nil {
		return nil, err
	}
	var n news
	if err := json.Unmarshal([]byte(query.Get("said")), &n); err != nil {
		return nil, &sdk.Error{
			Code:    sdk.CodeInvalidRequest,
			Outcome: sdk.OutcomeRefused,
			Message: "not JSON",
		}
	}

	return &sdk.Return{
		Verification: t.returns,
		Events: []sdk.Event{{
			ID:        n.ID,
			Reference: n.Reference,
			Payment: &sdk.Payment{ProviderReference: n.Theirs,
				Status: sdk.PaymentStatus(n.Status)},
		}},
	}, nil
}
