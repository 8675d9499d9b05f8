package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

func (a *API) reconciliationOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "begin-reconciliation",
		method:  http.MethodPost,
		path:    "/providers/{name}/reconciliations",
		tag:     "Reconciliations",
		scope:   caller.ProvidersOperate,
		summary: "Compare with a provider's own list",
		description: "Of a range of time, at most 92 days, in the background: read the reconciliation until it is " +
			"no longer `running`. Differences are findings with both sides. A row that proves something is " +
			"applied as any answer is. Refused with `not_supported` when the account cannot list.",
		errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}.described(), a.beginReconciliation)

	huma.Register(api, operation{
		id:          "list-reconciliations",
		method:      http.MethodGet,
		path:        "/reconciliations",
		tag:         "Reconciliations",
		scope:       caller.ProvidersRead,
		summary:     "List reconciliations",
		description: "The newest first.",
	}.described(), a.listReconciliations)

	huma.Register(api, operation{
		id:          "get-reconciliation",
		method:      http.MethodGet,
		path:        "/reconciliations/{id}",
		tag:         "Reconciliations",
		scope:       caller.ProvidersRead,
		summary:     "Get a reconciliation",
		description: "How far it is, and how it ended.",
		errors:      []int{http.StatusNotFound},
	}.described(), a.getReconciliation)

	huma.Register(api, operation{
		id:          "list-findings-of-reconciliation",
		method:      http.MethodGet,
		path:        "/reconciliations/{id}/findings",
		tag:         "Reconciliations",
		scope:       caller.ProvidersRead,
		summary:     "List what a reconciliation found",
		description: "The newest first.",
		errors:      []int{http.StatusNotFound},
	}.described(), a.listFindingsOf)

	huma.Register(api, operation{
		id:          "list-findings",
		method:      http.MethodGet,
		path:        "/findings",
		tag:         "Reconciliations",
		scope:       caller.ProvidersRead,
		summary:     "List findings",
		description: "Of all reconciliations, the newest first.",
	}.described(), a.listFindings)

	huma.Register(api, operation{
		id:      "attach-finding",
		method:  http.MethodPost,
		path:    "/findings/{id}/attach",
		tag:     "Reconciliations",
		scope:   caller.Resolve,
		summary: "Attach an orphan, or end a finding",
		description: "With `subject_id` the provider's reference of an orphan stands for that payment or payout " +
			"from then on; its status stays, so refresh or resolve it. Without it the finding ends with the " +
			"reason alone.",
		errors: []int{http.StatusNotFound, http.StatusConflict},
	}.described(), a.attachFinding)
}

type reconcileRequest struct {
	From moment `json:"from" doc:"from then on"`
	To   moment `json:"to" doc:"before then; not in the future"`
}

type reconcileInput struct {
	Name string `path:"name" maxLength:"64"`
	Body reconcileRequest
}

func (a *API) beginReconciliation(
	ctx context.Context, in *reconcileInput,
) (*one[payment.Reconciliation], error) {
	begun, err := a.Payments.BeginReconciliation(ctx, in.Name, payment.ReconciliationRequest{
		From: in.Body.From.Time, To: in.Body.To.Time,
	})
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return &one[payment.Reconciliation]{begun}, nil
}

type listReconciliationsInput struct {
	Paging
	Provider string `query:"provider" maxLength:"64"`
}

// Resolve refuses a cursor of no list or of another one.
func (in *listReconciliationsInput) Resolve(huma.Context) []error {
	return found(core.CheckCursor("rec", in.Cursor))
}

func (a *API) listReconciliations(
	ctx context.Context, in *listReconciliationsInput,
) (*listed[payment.Reconciliation], error) {
	list, next, err := a.Payments.ListReconciliations(ctx, in.Provider, in.Cursor, in.Limit)
	return paged(ctx, a, list, next, err)
}

type reconciliationInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *API) getReconciliation(
	ctx context.Context, in *reconciliationInput,
) (*one[payment.Reconciliation], error) {
	of, err := a.Payments.Reconciliation(ctx, in.ID)
	if err != nil {
		return nil, a.fail(ctx, reading, err)
	}
	return &one[payment.Reconciliation]{&of}, nil
}

// FindingsQuery narrows a list of findings.
type FindingsQuery struct {
	Paging
	State string `query:"state" enum:"open,settled,attached"`
}

// Resolve refuses a cursor of no list or of another one.
func (in *FindingsQuery) Resolve(huma.Context) []error {
	return found(core.CheckCursor("fnd", in.Cursor))
}

type findingsOfInput struct {
	FindingsQuery
	ID string `path:"id" maxLength:"64"`
}

func (a *API) listFindingsOf(
	ctx context.Context, in *findingsOfInput,
) (*listed[payment.Finding], error) {
	return a.findings(ctx, in.ID, in.FindingsQuery)
}

func (a *API) listFindings(
	ctx context.Context, in *FindingsQuery,
) (*listed[payment.Finding], error) {
	return a.findings(ctx, "", *in)
}

func (a *API) findings(
	ctx context.Context, reconciliation string, q FindingsQuery,
) (*listed[payment.Finding], error) {
	list, next, err := a.Payments.ListFindings(ctx, payment.FindingFilter{
		Reconciliation: reconciliation, State: payment.FindingState(q.State),
		Cursor: q.Cursor, Limit: q.Limit,
	})
	return paged(ctx, a, list, next, err)
}

type attachFindingInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body attachFindingRequest
}

type attachFindingRequest payment.Attachment

func (a *API) attachFinding(
	ctx context.Context, in *attachFindingInput,
) (*one[payment.Finding], error) {
	ended, err := a.Payments.AttachFinding(ctx, in.ID, payment.Attachment(in.Body))
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return &one[payment.Finding]{ended}, nil
}
