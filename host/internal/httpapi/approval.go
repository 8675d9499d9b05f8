package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

func (a *API) approvalOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "list-approvals",
		method:  http.MethodGet,
		path:    "/approvals",
		tag:     "Approvals",
		scope:   caller.Resolve,
		summary: "List approvals",
		description: "The newest first: payouts that are not sent, and decisions that do not count, before " +
			"a second name approves them.",
	}.described(), a.listApprovals)

	huma.Register(api, operation{
		id:      "approve",
		method:  http.MethodPost,
		path:    "/approvals/{id}/approve",
		tag:     "Approvals",
		scope:   caller.Resolve,
		summary: "Approve what waits",
		description: "Sends the payout, or makes the decision count. Nobody approves what was asked for in " +
			"the same name: 403. `id` is the approval's, or that of what waits. Saying it again does " +
			"nothing again. 200 whatever became of the payout: read it.",
		errors: changeErrors,
	}.described(), a.approve)

	huma.Register(api, operation{
		id:      "reject",
		method:  http.MethodPost,
		path:    "/approvals/{id}/reject",
		tag:     "Approvals",
		scope:   caller.Resolve,
		summary: "Reject what waits",
		description: "The payout is `failed` with the outcome `not_sent`, or the decision is dropped. Whoever " +
			"has asked for it may withdraw it so.",
		errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}.described(), a.reject)
}

type listApprovalsInput struct {
	Paging
	State string `query:"state" enum:"pending,approved,rejected"`
}

// Resolve refuses a cursor of no list or of another one.
func (in *listApprovalsInput) Resolve(huma.Context) []error {
	return found(core.CheckCursor("apr", in.Cursor))
}

func (a *API) listApprovals(
	ctx context.Context, in *listApprovalsInput,
) (*listed[payment.Approval], error) {
	list, next, err := a.Payments.ListApprovals(ctx, payment.ApprovalFilter{
		State:  payment.ApprovalState(in.State),
		Cursor: in.Cursor,
		Limit:  in.Limit,
	})
	return paged(ctx, a, list, next, err)
}

type approveRequest struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"why; kept with the approval"`
}

type approveInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body *approveRequest
}

func (a *API) approve(ctx context.Context, in *approveInput) (*one[payment.Approval], error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	decided, err := a.Payments.Approve(ctx, in.ID, reason)
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return &one[payment.Approval]{decided}, nil
}

type rejectRequest struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"why; kept with the approval, and in the payout's failure"`
}

type rejectInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body rejectRequest
}

func (a *API) reject(ctx context.Context, in *rejectInput) (*one[payment.Approval], error) {
	decided, err := a.Payments.Reject(ctx, in.ID, in.Body.Reason)
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return &one[payment.Approval]{decided}, nil
}
