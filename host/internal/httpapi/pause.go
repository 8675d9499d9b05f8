package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
)

// brakeOperations stop and start a provider by an operator's word.
func (a *API) brakeOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "pause-provider",
		method:  http.MethodPost,
		path:    "/providers/{name}/pause",
		tag:     "Providers",
		scope:   caller.ProvidersOperate,
		summary: "Pause a provider",
		description: "New payments (`payments`), new payouts and operations that move money (`payouts`), or " +
			"both (`all`) are refused with the code `paused`, and nothing of them is recorded. It holds on " +
			"every host of the database at once and survives restarts, until it is resumed. What is open " +
			"goes on: queries, webhooks, captures, cancellations and refunds. Answers with the pauses of " +
			"the provider.",
		errors: []int{http.StatusNotFound},
	}.described(), a.pauseProvider)

	huma.Register(api, operation{
		id:          "resume-provider",
		method:      http.MethodPost,
		path:        "/providers/{name}/resume",
		tag:         "Providers",
		scope:       caller.ProvidersOperate,
		summary:     "Resume a provider",
		description: "Ends pauses. Answers with those of the provider that are left.",
		errors:      []int{http.StatusNotFound},
	}.described(), a.resumeProvider)

	huma.Register(api, operation{
		id:      "restart-provider",
		method:  http.MethodPost,
		path:    "/providers/{name}/restart",
		tag:     "Providers",
		scope:   caller.ProvidersOperate,
		summary: "Try a provider again",
		description: "A provider in quarantine, or whose plugin waits for its next try, is tried at once. One " +
			"that is served is left alone. Answers at once, with the state of the provider.",
		errors: []int{http.StatusNotFound},
	}.described(), a.restartProvider)
}

type pauseRequest struct {
	What   payment.PauseScope `json:"what,omitempty" enum:"payments,payouts,all" default:"all"`
	Reason string             `json:"reason" minLength:"1" maxLength:"1000" doc:"why; kept with the pause"`
}

type pauseInput struct {
	Name string `path:"name" maxLength:"64"`
	Body pauseRequest
}

func (a *API) pauseProvider(
	ctx context.Context, in *pauseInput,
) (*listed[payment.Pause], error) {
	list, err := a.Providers.PauseProvider(
		ctx, in.Name, in.Body.What, operator(ctx), in.Body.Reason)
	return a.changedPauses(ctx, list, err)
}

type resumeRequest struct {
	What   payment.PauseScope `json:"what,omitempty" enum:"payments,payouts,all" default:"all"`
	Reason string             `json:"reason,omitempty" maxLength:"1000" doc:"why; for the log"`
}

type resumeInput struct {
	Name string `path:"name" maxLength:"64"`
	Body resumeRequest
}

func (a *API) resumeProvider(
	ctx context.Context, in *resumeInput,
) (*listed[payment.Pause], error) {
	list, err := a.Providers.ResumeProvider(
		ctx, in.Name, in.Body.What, operator(ctx), in.Body.Reason)
	return a.changedPauses(ctx, list, err)
}

func (a *API) changedPauses(
	ctx context.Context, list []payment.Pause, err error,
) (*listed[payment.Pause], error) {
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return pageOf(list, ""), nil
}

type restartRequest struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"why; for the log"`
}

type restartInput struct {
	Name string `path:"name" maxLength:"64"`
	Body *restartRequest
}

func (a *API) restartProvider(
	ctx context.Context, in *restartInput,
) (*one[providerView], error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	status, err := a.Providers.RestartProvider(ctx, in.Name, operator(ctx), reason)
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}

	status.Paused = pausesOf(in.Name, a.pauses(ctx))
	view := viewProvider(status)
	return &one[providerView]{&view}, nil
}

// pauses returns all pauses, nil when the database does not answer in time: how
// a provider stands can be read all the same.
func (a *API) pauses(ctx context.Context) []payment.Pause {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	list, err := a.Providers.Pauses(ctx)
	if err != nil {
		a.Logger.Warn("the pauses of the providers could not be read",
			"request_id", requestID(ctx), "error", err)
		return nil
	}
	return list
}

// pausesOf returns those of one provider; nil stays nil.
func pausesOf(provider string, all []payment.Pause) []payment.Pause {
	if all == nil {
		return nil
	}

	list := []payment.Pause{}
	for _, one := range all {
		if one.Provider == provider {
			list = append(list, one)
		}
	}
	return list
}
