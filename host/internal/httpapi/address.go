package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/payhost/payhost/sdk"
)

// legible refuses addresses that cannot mean what their sender thinks: a query
// of which a part would be dropped in silence, and text that no id, name or
// reference can have and that a database may refuse.
func legible(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isText(r.URL.Path) {
			newProblem(http.StatusNotFound, string(sdk.CodeNotFound),
				"there is nothing at this address").write(w, r)
			return
		}

		// r.URL.Query drops a part that it cannot read.
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			newProblem(http.StatusBadRequest, codeMalformed,
				"the query cannot be read: a % or ; in it must be escaped").write(w, r)
			return
		}

		refusal := newProblem(http.StatusUnprocessableEntity, string(sdk.CodeInvalidRequest),
			"the request is not valid, and nothing was done")

		for name, values := range query {
			switch {
			case !isText(name):
				refusal.Violations = append(refusal.Violations,
					violation{Field: "query", Message: "has a name that is not text"})
			case !isText(strings.Join(values, "")):
				refusal.Violations = append(
					refusal.Violations,
					violation{
						Field:   name,
						Message: "holds a control character or is not UTF-8",
					},
				)
			}
		}

		if len(refusal.Violations) > 0 {
			refusal.write(w, r)
			return
		}

		next.ServeHTTP(w, r)
	})
}

// isText reports whether s is UTF-8 without control characters.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
