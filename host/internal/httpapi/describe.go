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
	"github.com/payhost/payhost/host/payment"
)

// replayedHeader marks an answer that an earlier request under the same key
// brought about.
const replayedHeader = "Idempotent-Replayed"

// maxJSON bounds a JSON body.
const maxJSON = 1 << 20

// describe puts the API together, and gives its handler and its OpenAPI
// document, which are made of the same code.
func (a *API) describe() (http.Handler, []byte) {
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	mux := http.NewServeMux()
	api := humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Payhost",
				Version:     "1.0.0",
				Description: introduction,
			},
			Components: &huma.Components{
				Schemas: newSchemas(),
				SecuritySchemes: map[string]*huma.SecurityScheme{"token": {
					Type:        "http",
					Scheme:      "bearer",
					Description: "One of the tokens in http.tokens of the host's configuration.",
				}},
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
	})

	a.paymentOperations(api)
	a.changeOperations(api)
	a.refundOperations(api)
	a.payoutOperations(api)
	a.providerOperations(api)
	a.eventOperations(api)
	a.letterOperations(api)
	a.keyOperations(api)

	a.webhookOperations(api)
	sent := sentTypes(api.OpenAPI())
	complete(api.OpenAPI(), sent)
	document, err := json.Marshal(api.OpenAPI())
	if err != nil {
		panic(fmt.Sprintf("httpapi: the document cannot be written: %v", err))
	}

	strict(api.OpenAPI().Components.Schemas, sent)
	return router{mux: mux}, document
}

func (a *API) openapi(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/openapi+json")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.document))
}

var tags = []*huma.Tag{
	{Name: "Payments", Description: "Money from customers."},
	{Name: "Payouts", Description: "Money to recipients."},
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

**Amounts** are decimal strings, never numbers. **Times** are RFC 3339 in UTC.`

// operation describes one call. Errors are the statuses that it can answer
// besides those that every call can.
func operation(
	id, method, path, tag, summary, description string,
	errors ...int,
) huma.Operation {
	o := huma.Operation{
		OperationID:  id,
		Method:       method,
		Path:         "/v1" + path,
		Tags:         []string{tag},
		Summary:      summary,
		Description:  description,
		MaxBodyBytes: maxJSON,
		Responses:    map[string]*huma.Response{},
	}

	common := []int{
		http.StatusUnauthorized,
		http.StatusUnprocessableEntity,
		http.StatusInternalServerError,
	}
	if method == http.MethodPost {
		common = append(
			common,
			http.StatusBadRequest,
			http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType,
		)
	}

	for _, status := range append(common, errors...) {
		r := &huma.Response{
			Description: http.StatusText(status),
			Content: map[string]*huma.MediaType{
				problemType: {Schema: &huma.Schema{Ref: schemaPrefix + "Problem"}}},
		}
		if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
			r.Headers = map[string]*huma.Param{
				"Retry-After": {
					Description: "seconds",
					Schema:      &huma.Schema{Type: huma.TypeInteger},
				},
			}
		}

		o.Responses[strconv.Itoa(status)] = r
	}

	return o
}

// created is for operations that record something.
func created(o huma.Operation) huma.Operation {
	o.DefaultStatus = http.StatusCreated
	return o
}

const schemaPrefix = "#/components/schemas/"

// schemaNames returns the types of package payment the names that the document
// has for them.
var schemaNames = strings.NewReplacer(
	"ProviderStatus",
	"Provider",
	"ProviderLimit",
	"Limit",
	"ProviderOperation",
	"Operation",
	"Resolution",
	"ResolveRequest",
	"View",
	"",
)

// newSchemas returns the registry of the document's types.
func newSchemas() huma.Registry {
	r := huma.NewMapRegistry(schemaPrefix, func(t reflect.Type, hint string) string {
		return schemaNames.Replace(huma.DefaultSchemaNamer(t, hint))
	})
	r.RegisterTypeAlias(
		reflect.TypeFor[body[payment.Request]](),
		reflect.TypeFor[paymentRequest](),
	)
	r.RegisterTypeAlias(
		reflect.TypeFor[body[payment.PayoutRequest]](),
		reflect.TypeFor[payoutRequest](),
	)

	r.RegisterTypeAlias(
		reflect.TypeFor[body[payment.RefundRequest]](),
		reflect.TypeFor[refundRequest](),
	)
	r.RegisterTypeAlias(
		reflect.TypeFor[body[payment.CaptureRequest]](),
		reflect.TypeFor[captureRequest](),
	)

	r.RegisterTypeAlias(amountType, reflect.TypeFor[amountSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[problem]())
	r.Schema(reflect.TypeFor[problem](), true, "")

	return r
}
