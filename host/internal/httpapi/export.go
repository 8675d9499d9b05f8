package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

// The content types of exports.
const (
	csvType   = "text/csv; charset=utf-8; header=present"
	jsonlType = "application/jsonl"
)

// exportPatience is how long the reader of an export may take for a page of it.
// The server's own bound is on a whole answer, and this one has no end to speak
// of.
const exportPatience = time.Minute

// exportOperations registers an operation for each kind: each has its own scope.
func (a *API) exportOperations(api huma.API) {
	a.exportOperation(api, payment.ExportPayments, "Payments", caller.PaymentsRead,
		"the newest first")
	a.exportOperation(api, payment.ExportPayouts, "Payouts", caller.PayoutsRead,
		"the newest first; the table has nothing of the recipients")
	a.exportOperation(api, payment.ExportRefunds, "Payments", caller.PaymentsRead,
		"the newest first")
	a.exportOperation(api, payment.ExportEvents, "Events", caller.EventsRead,
		"the oldest first")
}

func (a *API) exportOperation(
	api huma.API, kind payment.ExportKind, tag string, scope caller.Scope, order string,
) {
	description := "All that were made in a range of time, " + order + ", as a stream. An answer that " +
		"ends without its last chunk is not whole. `jsonl` has the objects of the API, one a line, " +
		"without attempts and history; `csv` has one row each, and an apostrophe before a text that " +
		"a spreadsheet would take for a formula."
	described := operation{
		id:          "export-" + string(kind),
		method:      http.MethodGet,
		path:        "/exports/" + string(kind),
		tag:         tag,
		scope:       scope,
		summary:     "Export " + string(kind),
		description: description,
	}.described()

	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	described.Responses["200"] = &huma.Response{
		Description: http.StatusText(http.StatusOK),
		Content:     map[string]*huma.MediaType{"text/csv": text, jsonlType: text},
	}
	huma.Register(api, described,
		func(_ context.Context, in *exportInput) (*huma.StreamResponse, error) {
			return a.export(in.request(kind)), nil
		})
}

type exportInput struct {
	From   moment `query:"from" doc:"made then or later; without it from the first on"`
	To     moment `query:"to" doc:"made before then; without it until now"`
	Format string `query:"format" enum:"csv,jsonl" default:"csv"`
}

func (in *exportInput) request(kind payment.ExportKind) payment.ExportRequest {
	return payment.ExportRequest{
		Kind:   kind,
		From:   in.From.Time,
		To:     in.To.Time,
		Format: payment.ExportFormat(in.Format),
	}
}

// Resolve refuses a range that ends before it begins.
func (in *exportInput) Resolve(huma.Context) []error {
	return found(core.CheckExport(in.request(payment.ExportPayments)))
}

// export answers with the stream of an export.
func (a *API) export(request payment.ExportRequest) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		_, w := humago.Unwrap(ctx)
		answer := &exportAnswer{ResponseWriter: w, request: request}
		err := a.Payments.Export(ctx.Context(), request, answer)

		switch {
		case err == nil:
			answer.begin()
		case !answer.begun:
			a.refuse(ctx, a.fail(ctx.Context(), reading, err))
		default:
			// The caller must not take a part for the whole: the connection is
			// cut, and the last chunk is missing.
			a.Logger.Warn(
				"an export ended before it was whole; the caller has to make it again",
				"kind", request.Kind,
				"request_id", requestID(ctx.Context()),
				"error", err,
			)

			panic(http.ErrAbortHandler)
		}
	}}
}

// exportAnswer begins an answer with the first thing that is written, so that
// until then it can still be a problem.
type exportAnswer struct {
	http.ResponseWriter
	request payment.ExportRequest
	begun   bool
}

// Write returns the reader time for what is written.
func (e *exportAnswer) Write(page []byte) (int, error) {
	e.begin()
	control := http.NewResponseController(e.ResponseWriter)
	_ = control.SetWriteDeadline(
		time.Now().Add(exportPatience),
	) // else the server's bound holds
	count, err := e.ResponseWriter.Write(page)
	if err != nil {
		return count, fmt.Errorf("the reader of the export is gone or too slow: %w", err)
	}

	return count, nil
}

func (e *exportAnswer) begin() {
	if e.begun {
		return
	}
	e.begun = true

	header, name := e.Header(), string(e.request.Kind)+".csv"
	header.Set("Content-Type", csvType)
	if e.request.Format == payment.ExportJSONL {
		header.Set("Content-Type", jsonlType)
		name = string(e.request.Kind) + ".jsonl"
	}

	header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	header.Set("Cache-Control", "no-store")
	e.WriteHeader(http.StatusOK)
}
