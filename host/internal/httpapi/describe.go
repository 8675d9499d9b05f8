package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
)

// maxJSON bounds a JSON body, in bytes.
const maxJSON = 1 << 20

// describe puts the API together. Its handler and its OpenAPI document are made
// of the same code.
func (a *API) describe() (v1 http.Handler, document []byte) {
	// Registering an operation adds it to the mux and to the document.
	mux := http.NewServeMux()
	api := humago.New(mux, a.apiConfig())
	api.UseMiddleware(a.permit)

	a.paymentOperations(api)
	a.confirmOperation(api)
	a.changeOperations(api)
	a.refundOperations(api)
	a.payoutOperations(api)
	a.providerOperations(api)
	a.eventOperations(api)
	a.deadLetterOperations(api)
	a.exportOperations(api)
	a.insightOperations(api)
	a.brakeOperations(api)

	a.meOperation(api)
	a.auditOperations(api)
	a.approvalOperations(api)
	a.tokenKeyOperations(api)
	a.eraseOperations(api)
	a.fenceOperations(api)
	a.reconciliationOperations(api)
	a.webhookOperations(api)

	// The document is written before the schemas become as strict as the check
	// of requests must be: that form is huma's own and no reader's.
	sent := sentTypes(api.OpenAPI())
	complete(api.OpenAPI(), sent)
	document, err := json.Marshal(api.OpenAPI())
	if err != nil {
		panic(fmt.Sprintf("httpapi: the document cannot be written: %v", err))
	}

	strict(api.OpenAPI().Components.Schemas, sent)
	return router{mux: mux}, document
}

func (a *API) apiConfig() huma.Config {
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	token := &huma.SecurityScheme{
		Type:   "http",
		Scheme: "bearer",
		Description: "One of the tokens in http.tokens of the host's configuration, which may do " +
			"everything, or the secret of one of its [tokens.NAME], which may do what its scopes say.",
	}

	// A misspelled filter must not list everything: unknown query parameters
	// are refused.
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Payhost",
				Version:     "1.0.0",
				Description: introduction,
			},
			Components: &huma.Components{
				Schemas:         newSchemas(),
				SecuritySchemes: map[string]*huma.SecurityScheme{"token": token},
			},
			Security: []map[string][]string{{"token": {}}},
			Tags:     tags,
		},
		Formats: map[string]huma.Format{
			"application/json": format,
			"json":             format,
		},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{a.reshape},
	}
}

// serveDocument serves /openapi.json.
func (a *API) serveDocument(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/openapi+json")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.document))
}

var tags = []*huma.Tag{
	{Name: "Reconciliations", Description: "What a provider's own list says otherwise."},
	{Name: "Payments", Description: "Money from customers."},
	{Name: "Payouts", Description: "Money to recipients."},
	{Name: "Approvals", Description: "What waits for a second name."},
	{
		Name:        "Providers",
		Description: "The configured accounts at payment providers, and what only they have.",
	},
	{Name: "Events", Description: "What happened, in order."},
	{Name: "Webhooks", Description: "What providers sent, as it came."},
	{Name: "Host", Description: "The hosts themselves."},
}

const introduction = `Payments and payouts through payment providers, each made at most once.

**Idempotency.** Every request that can move money carries an ` + "`Idempotency-Key`" + `. The same key with the same request gives the
same resource as it is now, with ` + "`Idempotent-Replayed: true`" + `; with another request it is a conflict. Two requests are the same
when their JSON values are.

**What answers what.** Once a payment or payout is recorded the answer is 201 with it, whatever became of it at the
provider: look at ` + "`status`" + ` and ` + "`failure`" + `. A problem means that nothing was recorded. What the provider refuses of a later call
(confirm, capture, cancel, refund) is 422 and leaves the payment as it was; 504 with outcome ` + "`unknown`" + ` means that it may have
been done: the host finds out. Calls that only ask a provider answer 502 when it refuses and 504 when it does not answer.

**Scopes.** Each operation says in ` + "`x-scope`" + ` which scope a token needs for it: without it the answer is 403, code
` + "`permission`" + `. To a token that is for some providers only, all that belongs to others does not exist.

**Amounts** are decimal strings, never numbers. **Times** are RFC 3339 in UTC.`

// operation describes one call of the API.
type operation struct {
	id, method, path          string // the path below /v1
	tag, summary, description string
	scope                     caller.Scope
	success                   int // 0: 200, or 204 without a body
	// errors are the statuses of failures besides those that every call can
	// have.
	errors []int
}

// described returns the operation in huma's words.
func (o operation) described() huma.Operation {
	// These can come from the guard and from the checks of a body.
	statuses := []int{
		http.StatusUnauthorized,
		http.StatusForbidden,
		http.StatusUnprocessableEntity,
		http.StatusInternalServerError,
	}
	if o.method == http.MethodPost {
		statuses = append(
			statuses,
			http.StatusBadRequest,
			http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType,
		)
	}

	responses := map[string]*huma.Response{}
	for _, status := range append(statuses, o.errors...) {
		responses[strconv.Itoa(status)] = problemResponse(status)
	}

	// No token has by name the scope of all.
	scopes := []string{}
	if o.scope != caller.Any {
		scopes = append(scopes, string(o.scope))
	}

	return huma.Operation{
		OperationID:   o.id,
		Method:        o.method,
		Path:          "/v1" + o.path,
		Tags:          []string{o.tag},
		Summary:       o.summary,
		Description:   o.description,
		MaxBodyBytes:  maxJSON,
		DefaultStatus: o.success,
		Responses:     responses,
		Security:      []map[string][]string{{"token": scopes}},
		Extensions:    map[string]any{scopeName: o.scope},
	}
}

func problemResponse(status int) *huma.Response {
	schema := &huma.Schema{Ref: schemaPrefix + "Problem"}
	response := &huma.Response{
		Description: http.StatusText(status),
		Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
	}
	// problemOf sets the header on each of these two.
	if (status == http.StatusServiceUnavailable) || (status == http.StatusTooManyRequests) {
		response.Headers = map[string]*huma.Param{
			"Retry-After": {
				Description: "seconds",
				Schema:      &huma.Schema{Type: huma.TypeInteger},
			},
		}
	}

	return response
}

// schemaPrefix is where the document has its types.
const schemaPrefix = "#/components/schemas/"

// schemaNames are the names that the document has for types of package payment,
// where they differ.
var schemaNames = map[string]string{
	"ProviderLimit":     "Limit",
	"ProviderOperation": "Operation",
	"Resolution":        "ResolveRequest",
}

// schemaName returns the name of a type in the document.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if other, ok := schemaNames[name]; ok {
		return other
	}
	return strings.TrimSuffix(name, "View")
}

// newSchemas makes the registry of the document's types. An alias stands for a
// type that has another form in JSON than Go's fields say.
func newSchemas() huma.Registry {
	schemas := huma.NewMapRegistry(schemaPrefix, schemaName)

	alias[payment.Amount, amountSchema](schemas)
	alias[body[payment.Request], paymentRequest](schemas)
	alias[body[payment.PayoutRequest], payoutRequest](schemas)
	alias[body[payment.RefundRequest], refundRequest](schemas)
	alias[body[payment.CaptureRequest], captureRequest](schemas)
	alias[huma.ErrorModel, problem](schemas)

	// Operations refer to it by its name before huma has met it.
	schemas.Schema(reflect.TypeFor[problem](), true, "")
	return schemas
}

// alias shows a type of Go as another one in the document.
func alias[T, Shown any](schemas huma.Registry) {
	schemas.RegisterTypeAlias(reflect.TypeFor[T](), reflect.TypeFor[Shown]())
}
