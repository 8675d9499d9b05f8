package httpapi

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/sdk"
)

// reshape brings every error into our form, with the request's ID, and takes out
// of every other answer what was not asked for. It is a huma.Transformer.
func (a *API) reshape(ctx huma.Context, _ string, value any) (any, error) {
	switch failed := value.(type) {
	case *huma.ErrorModel:
		p := a.fromHuma(ctx, failed)
		p.RequestID = requestID(ctx.Context())
		return p, nil
	case *problem:
		failed.RequestID = requestID(ctx.Context())
	}

	if answer, ok := ctx.Context().Value(wireKey{}).(*wire); !ok || !answer.shown {
		withoutExchanges(value)
	}
	return value, nil
}

// fromHuma makes a problem of one of huma's own errors. The values that it
// carries along are left out: they may be secrets, and their sender has them.
func (a *API) fromHuma(ctx huma.Context, failed *huma.ErrorModel) *problem {
	// huma puts the cause of most of its errors into the first detail.
	first := ""
	if len(failed.Errors) > 0 && failed.Errors[0] != nil {
		first = failed.Errors[0].Message
	}

	switch failed.Status {
	case http.StatusUnprocessableEntity:
		answer := newProblem(
			failed.Status,
			string(sdk.CodeInvalidRequest),
			"the request is not valid, and nothing was done",
		)
		answer.Violations = violations(failed.Errors)

		return answer

	case http.StatusUnsupportedMediaType:
		return newProblem(
			failed.Status,
			codeMediaType,
			"the body must be JSON, and Content-Type application/json",
		)
	case http.StatusRequestEntityTooLarge:
		return newProblem(
			failed.Status,
			codeTooLarge,
			cmp.Or(first, "the body is larger than 1 MiB"),
		)

	case http.StatusBadRequest:
		return newProblem(failed.Status, codeMalformed, cmp.Or(first, failed.Detail))
	case http.StatusRequestTimeout:
		return newProblem(failed.Status, codeMalformed, "the body did not arrive in time")
	}

	// huma has no status of its own for a caller that hung up.
	if failed.Detail == "cannot read request body" {
		return newProblem(
			http.StatusBadRequest,
			codeMalformed,
			"the body did not arrive whole",
		)
	}

	a.Logger.Error("a request failed inside the host",
		"request_id", requestID(ctx.Context()), "error", failed.Detail+": "+first)
	return newProblem(failed.Status, string(sdk.CodeInternal), errInside)
}

// violations leaves each field one violation, in the order of the fields. Those
// of the schema come before those of the core, which often only follow from
// them.
func violations(list []*huma.ErrorDetail) []violation {
	out := []violation{}
	for _, detail := range list {
		if detail == nil {
			continue
		}
		next := violationOf(detail)
		// The first one of a field counts.
		same := func(v violation) bool { return v.Field == next.Field }
		if !slices.ContainsFunc(out, same) {
			out = append(out, next)
		}
	}

	slices.SortStableFunc(
		out,
		func(left, right violation) int { return cmp.Compare(left.Field, right.Field) },
	)

	return out
}

// violationOf says in our words what huma found.
func violationOf(detail *huma.ErrorDetail) violation {
	where, field, _ := strings.Cut(detail.Location, ".")
	if where == "query" {
		field, _, _ = strings.Cut(field, "[") // one of a parameter's values
	}
	if where == ofCore {
		return violation{Field: field, Message: detail.Message}
	}
	if name, ok := between(detail.Message, "expected required property ", " to be present"); ok {
		return violation{
			Field:   strings.TrimPrefix(field+"."+name, "."),
			Message: "is required",
		}
	}

	message := plainMessage(detail)
	// The most frequent mistake: an amount as a JSON number.
	if detail.Message == "expected string" && field == "amount" {
		message += `; write digits with at most one point in quotes, such as "60.00"`
	}

	return violation{Field: cmp.Or(field, "body"), Message: message}
}

// plainMessage translates huma's message.
func plainMessage(detail *huma.ErrorDetail) string {
	message := detail.Message
	switch message {
	case "expected value to not match schema",
		"unexpected property",
		"unknown query parameter":
		return "is not known here"
	case "expected string":
		return "must be a string" + given(detail.Value)
	case "expected object":
		return "must be an object" + given(detail.Value)
	}

	// The rest of these says how long, or which values there are.
	for _, known := range []struct{ begins, says, after string }{
		{"expected string to be ", "must be ", ""},
		{"expected value to be ", "must be ", ""},
		{"expected length <= ", "has more than ", " characters"},
		{"expected length >= ", "has fewer than ", " characters"},
		{"expected ", "must be: ", ""},
	} {
		if rest, ok := strings.CutPrefix(message, known.begins); ok {
			return known.says + rest + known.after
		}
	}

	switch {
	case strings.HasPrefix(message, "required "):
		return "is required"
	case strings.HasPrefix(message, "invalid date/time"):
		return "must be a time as in RFC 3339, such as 2026-12-01T00:00:00Z"
	case strings.HasPrefix(message, "invalid "):
		return "is not " + invalidWords.Replace(message)
	case detail.Value != nil:
		return "is not valid" // a parser's own words may quote the value
	}

	return message
}

var invalidWords = strings.NewReplacer(
	"invalid boolean",
	"true or false",
	"invalid integer",
	"a whole number",
)

// given names the JSON type of a value that has the wrong one.
func given(v any) string {
	switch v.(type) {
	case float64:
		return ", not a number"
	case bool:
		return ", not true or false"
	case nil:
		return ", not null"
	case []any:
		return ", not a list"

	case map[string]any:
		return ", not an object"
	case string:
		return ", not a string"
	}

	return ""
}

// between returns the part of s between two texts that it begins and ends with.
func between(s, before, after string) (string, bool) {
	s, ok := strings.CutPrefix(s, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, after)
}

// ofCore is the location of violations that found makes: their words are ours.
const ofCore = "core"

// found makes errors of huma of violations, so that they are reported together
// with huma's own.
func found(list []sdk.Violation) []error {
	out := make([]error, 0, len(list))
	for _, v := range list {
		out = append(
			out,
			&huma.ErrorDetail{Location: ofCore + "." + v.Field, Message: v.Message},
		)
	}
	return out
}
