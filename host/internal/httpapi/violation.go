package httpapi

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/sdk"
)

// reshape returns every error our form, with the request's id. It is a
// huma.Transformer.
func (a *API) reshape(ctx huma.Context, _ string, v any) (any, error) {
	switch e := v.(type) {
	case *huma.ErrorModel:
		p := a.fromHuma(ctx, e)
		p.RequestID = requestID(ctx.Context())
		return p, nil
	case *problem:
		e.RequestID = requestID(ctx.Context())
	}
	return v, nil
}

// fromHuma turns one of huma's own errors into a problem. The values that it
// carries along are dropped: they may be secrets, and whoever sent them has
// them.
func (a *API) fromHuma(ctx huma.Context, e *huma.ErrorModel) *problem {
	first := ""
	if len(e.Errors) > 0 && e.Errors[0] != nil {
		first = e.Errors[0].Message
	}

	switch e.Status {
	case http.StatusUnprocessableEntity:
		p := newProblem(
			e.Status,
			string(sdk.CodeInvalidRequest),
			"the request is not valid, and nothing was done",
		)
		p.Violations = violations(e.Errors)

		return p

	case http.StatusUnsupportedMediaType:
		return newProblem(
			e.Status,
			codeMediaType,
			"the body must be JSON, and Content-Type application/json",
		)
	case http.StatusRequestEntityTooLarge:
		return newProblem(
			e.Status,
			codeTooLarge,
			cmp.Or(first, "the body is larger than 1 MiB"),
		)

	case http.StatusBadRequest:
		return newProblem(e.Status, codeMalformed, cmp.Or(first, e.Detail))
	case http.StatusRequestTimeout:
		return newProblem(e.Status, codeMalformed, "the body did not arrive in time")
	}

	if e.Detail == "cannot read request body" {
		return newProblem(
			http.StatusBadRequest,
			codeMalformed,
			"the body did not arrive whole",
		)
	}

	a.Logger.Error(
		"a request failed inside the host",
		"request_id", requestID(ctx.Context()),
		"error", e.Detail+": "+first,
	)

	return newProblem(
		e.Status,
		string(sdk.CodeInternal),
		"something failed inside the host; its log tells what, under this request_id",
	)
}

// violations returns one violation a field, in the order of the fields: what
// the schema says comes before what the core says of the same field, which
// often only follows from it.
func violations(list []*huma.ErrorDetail) []violation {
	out := []violation{}
	for _, d := range list {
		if d == nil {
			continue
		}
		v := violationOf(d)
		if !slices.ContainsFunc(out, func(o violation) bool { return o.Field == v.Field }) {
			out = append(out, v)
		}
	}

	slices.SortStableFunc(
		out,
		func(a, b violation) int { return cmp.Compare(a.Field, b.Field) },
	)

	return out
}

// violationOf says in our words what huma found.
func violationOf(d *huma.ErrorDetail) violation {
	where, field, _ := strings.Cut(d.Location, ".")
	message := d.Message
	if where == ofCore {
		return violation{Field: field, Message: message}
	}

	if name, ok := between(message, "expected required property ", " to be present"); ok {
		return violation{
			Field:   strings.TrimPrefix(field+"."+name, "."),
			Message: "is required",
		}
	}

	switch {
	case strings.HasPrefix(message, "required "):
		message = "is required"
	case message == "expected value to not match schema",
		message == "unexpected property",
		message == "unknown query parameter":
		message = "is not known here"
	case message == "expected string":
		message = "must be a string" + given(d.Value)
		if field == "amount" {
			message += `; write digits with at most one point in quotes, such as "60.00"`
		}

	case strings.HasPrefix(message, "expected string to be "):
		message = "must be " + strings.TrimPrefix(message, "expected string to be ")
	case strings.HasPrefix(message, "expected value to be "):
		message = "must be " + strings.TrimPrefix(message, "expected value to be ")
	case strings.HasPrefix(message, "expected length <= "):
		message = "has more than " + strings.TrimPrefix(
			message,
			"expected length <= ",
		) + " characters"

	case strings.HasPrefix(message, "expected length >= "):
		message = "has fewer than " + strings.TrimPrefix(
			message,
			"expected length >= ",
		) + " characters"
	case message == "expected object":
		message = "must be an object" + given(d.Value)
	case strings.HasPrefix(message, "expected "):
		message = "must be: " + strings.TrimPrefix(message, "expected ")

	case strings.HasPrefix(message, "invalid date/time"):
		message = "must be a time as in RFC 3339, such as 2026-12-01T00:00:00Z"
	case strings.HasPrefix(message, "invalid "):
		message = "is not " + strings.NewReplacer("invalid boolean", "true or false", "invalid integer", "a whole number").
			Replace(message)
	case d.Value != nil:
		message = "is not valid" // a parser's own words may quote the value
	}

	return violation{Field: cmp.Or(field, "body"), Message: message}
}

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

func between(s, before, after string) (string, bool) {
	s, ok := strings.CutPrefix(s, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, after)
}

// ofCore is where found puts violations, so that their words are left alone.
const ofCore = "core"

// found turns violations of the core into errors of huma, so that they are
// reported together with its own.
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
