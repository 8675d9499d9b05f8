package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"golang.org/x/time/rate"
)

func (a *API) auditOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "list-audit",
		method:  http.MethodGet,
		path:    "/audit",
		tag:     "Host",
		scope:   caller.Admin,
		summary: "List the audit log",
		description: "Newest first: everything that was done or refused, reloads, and readings of secrets, " +
			"each with who asked. Rows are only ever added, and the hash of each covers the one before.",
	}.described(), a.listAudit)

	huma.Register(api, operation{
		id:      "verify-audit",
		method:  http.MethodGet,
		path:    "/audit/verify",
		tag:     "Host",
		scope:   caller.Admin,
		summary: "Verify the audit log",
		description: "Computes all hashes again. `broken` is the first row that is not as it was written; " +
			"it is absent when all are. `head`, kept elsewhere, shows later that they still are.",
	}.described(), a.verifyAudit)
}

type listAuditInput struct {
	Paging
	Actor   string `query:"actor" maxLength:"64" doc:"what this one asked for"`
	Subject string `query:"subject" maxLength:"128" doc:"what was done to the payment, webhook or provider with this id"`
}

// Resolve refuses a cursor of no list or of another one.
func (in *listAuditInput) Resolve(huma.Context) []error {
	return found(core.CheckAuditCursor(in.Cursor))
}

func (a *API) listAudit(
	ctx context.Context, in *listAuditInput,
) (*listed[payment.AuditEntry], error) {
	list, next, err := a.Payments.ListAudit(ctx, payment.AuditFilter{
		Actor:   in.Actor,
		Subject: in.Subject,
		Cursor:  in.Cursor,
		Limit:   in.Limit,
	})
	return paged(ctx, a, list, next, err)
}

func (a *API) verifyAudit(ctx context.Context, _ *struct{}) (*one[payment.AuditCheck], error) {
	found, err := a.Payments.VerifyAudit(ctx)
	if err != nil {
		return nil, a.fail(ctx, reading, err)
	}
	return &one[payment.AuditCheck]{&found}, nil
}

// entryOf returns the entry of a request that is refused.
func entryOf(ctx huma.Context, note string) payment.AuditEntry {
	entry := payment.AuditEntry{
		Action:   ctx.Operation().OperationID,
		Provider: ctx.Param("name"),
		Subject:  ctx.Param("id"),
		Note:     note,
	}
	if entry.Subject == "" {
		entry.Subject = entry.Provider
	}
	return entry
}

type reasonKey struct{}

// reason is why a request was refused, as far as the handler has said.
type reason struct{ problem *problem }

// because keeps the problem that a request is answered with.
func because(ctx context.Context, p *problem) *problem {
	if why, ok := ctx.Value(reasonKey{}).(*reason); ok {
		why.problem = p
	}
	return p
}

// refused reports whether an answer says that the host has refused a change,
// and why. A refusal of the provider is not one: the host has done its part.
func (r *reason) refused(status int) (note string, refused bool) {
	switch status {
	case http.StatusForbidden,
		http.StatusConflict,
		http.StatusUnprocessableEntity,
		http.StatusServiceUnavailable:
	default:
		return "", false
	}

	if r.problem == nil { // the check of the request has found it
		return fmt.Sprintf("%d: the request is not valid", status), true
	}
	note = fmt.Sprintf("%d %s: %s", status, r.problem.Code, r.problem.Detail)
	return note, r.problem.Outcome == string(sdk.OutcomeNotSent)
}

// How many refusals of one caller are recorded: so many at once, and one more
// each second.
const refusalBurst = 60

// refusals bounds what callers with a token can add to the audit log by being
// refused.
type refusals struct {
	mu      sync.Mutex
	callers map[string]*refused
}

type refused struct {
	limit *rate.Limiter
	left  int // that were not recorded since the last one that was
}

// allow reports whether another refusal of a caller is recorded, and how many
// were not before it.
func (r *refusals) allow(name string) (left int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.callers == nil {
		r.callers = map[string]*refused{}
	}
	one := r.callers[name]
	if one == nil {
		one = &refused{limit: rate.NewLimiter(1, refusalBurst)}
		r.callers[name] = one
	}

	if !one.limit.Allow() {
		one.left++
		return 0, false
	}
	left, one.left = one.left, 0
	return left, true
}

// auditRefusal adds a refusal to the audit log. The caller is told of it in any
// case.
func (a *API) auditRefusal(ctx context.Context, entry payment.AuditEntry) {
	left, ok := a.refusals.allow(caller.From(ctx).Name)
	if !ok {
		return
	}
	if left > 0 {
		entry.Note += fmt.Sprintf(" (and %d more refusals before, which came too fast to record)", left)
	}

	entry.Outcome = payment.AuditRefused
	if err := a.Payments.Audit(context.WithoutCancel(ctx), entry); err != nil {
		a.Logger.Error("a refusal could not be recorded in the audit log",
			"action", entry.Action, "request_id", requestID(ctx), "error", err)
	}
}
