package main

import (
	"bytes"
	"context"
	"net/http"

	"github.com/payhost/payhost/plugins/reference/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/control"
)

// batching is a provider that sends several notices in one delivery, one a
// line, each with a signature of its own.
type batching struct{ *simulator.Simulator }

func (s batching) OddWebhooks() map[control.Oddity]func(references ...string) []sdk.HTTPRequest {
	return map[control.Oddity]func(...string) []sdk.HTTPRequest{
		control.Batch: func(references ...string) []sdk.HTTPRequest {
			var all sdk.HTTPRequest
			for _, reference := range references {
				one := s.Webhooks(reference)[0]
				signatures := append(
					all.Header.Values("Signature"),
					one.Header.Get("Signature"),
				)
				body := append(append(all.Body, one.Body...), '\n')
				all = one
				all.Body, all.Header = body, http.Header{"Signature": signatures}
			}

			return []sdk.HTTPRequest{all}
		},
	}
}

// hasty reads one notice of a delivery, and thanks for all.
type hasty struct{ *provider }

func (p hasty) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	req.Request.Body, _, _ = bytes.Cut(req.Request.Body, []byte("\n"))
	return p.provider.ParseWebhook(ctx, req)
}

// patient reads all of them: with it the case has nothing to find.
type patient struct{ *provider }

func (p patient) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	var all *sdk.WebhookResult
	signatures := req.Request.Header.Values("Signature")

	for i, body := range bytes.Split(bytes.TrimSpace(req.Request.Body), []byte("\n")) {
		req.Request.Body, req.Request.Header = body, http.Header{
			"Signature": signatures[i : i+1],
		}
		one, err := p.provider.ParseWebhook(ctx, req)
		if err != nil {
			return nil, err
		}

		if all != nil {
			one.Events = append(all.Events, one.Events...)
		}
		all = one
	}

	return all, nil
}
