package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// scopeName is where the document has the scope of an operation.
const scopeName = "x-scope"

// permit serves an operation to callers who have its scope and see the account
// that its path names. It comes before anything of the request is read.
func (a *API) permit(ctx huma.Context, next func(huma.Context)) {
	who, known := caller.Of(ctx.Context())
	scope, _ := ctx.Operation().Extensions[scopeName].(caller.Scope)

	// Every way to the API says who comes by it.
	if !known || scope == "" {
		a.refuse(ctx, newProblem(http.StatusForbidden, string(sdk.CodePermission),
			"it is not known who may do this"))
		return
	}
	if !who.May(scope) {
		a.auditRefusal(ctx.Context(), entryOf(ctx, "it needs the scope "+string(scope)))
		a.refuse(ctx, newProblem(http.StatusForbidden, string(sdk.CodePermission),
			fmt.Sprintf("this needs the scope %s; the token %s has %s",
				scope, who.Name, caller.Join(who.Scopes))))
		return
	}
	if name := ctx.Param("name"); name != "" && !who.Sees(name) {
		a.refuse(ctx, a.fail(ctx.Context(), reading, core.UnknownProvider(name)))
		return
	}

	ctx = huma.WithValue(ctx, wireKey{}, &wire{})
	if ctx.Method() == http.MethodGet || ctx.Method() == http.MethodHead {
		next(ctx)
		return
	}

	// The audit log has refusals as well as what was done.
	why := &reason{}
	next(huma.WithValue(ctx, reasonKey{}, why))
	if note, refused := why.refused(ctx.Status()); refused {
		a.auditRefusal(ctx.Context(), entryOf(ctx, note))
	}
}

func (a *API) refuse(ctx huma.Context, p *problem) {
	r, w := humago.Unwrap(ctx)
	p.write(w, r)
}

// seenBy returns the providers that a caller sees.
func seenBy(ctx context.Context, list []payment.ProviderStatus) []payment.ProviderStatus {
	who := caller.From(ctx)
	var visible []payment.ProviderStatus
	for _, one := range list {
		if who.Sees(one.Name) {
			visible = append(visible, one)
		}
	}
	return visible
}
