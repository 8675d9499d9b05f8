package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/payhost/payhost/host/internal/strictjson"
	"github.com/payhost/payhost/sdk"
)

// Reloaded is the result of a reload, and the answer to POST /admin/reload.
type Reloaded struct {
	Results []ReloadResult `json:"results"`
	// Problems are the mistakes of the configuration, one line each; when there
	// are some, nothing was changed.
	Problems []string `json:"problems"`
}

// ReloadResult is the result for one provider, or for a setting that cannot be
// changed while the host runs.
type ReloadResult struct {
	Name   string `json:"name"`
	Action string `json:"action"`
	Error  string `json:"error,omitempty"`
}

// maxReload bounds the body of a reload, in bytes.
const maxReload = 1 << 10

// forced reads whether a reload is to be forced; an empty body means that it is
// not.
func forced(body []byte) (force bool, ok bool) {
	if len(bytes.TrimSpace(body)) == 0 {
		return false, true
	}
	var fields map[string]any
	unread := strictjson.Check(body) != nil || json.Unmarshal(body, &fields) != nil
	if unread || fields == nil {
		return false, false
	}

	// Absent is false, but a text or a number is a mistake.
	value, there := fields["force"]
	force, isBool := value.(bool)
	delete(fields, "force") // what is left is not known here

	return force, len(fields) == 0 && (isBool || !there)
}

// reload answers 200 with what became of each provider, 422 when the
// configuration is not valid and nothing was changed.
func (a *API) reload(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReload))
	force, ok := forced(body)
	if err != nil || !ok {
		newProblem(http.StatusBadRequest, codeMalformed,
			`the body must be {"force": true or false}, or empty`).write(w, r)
		return
	}

	if a.Reload == nil {
		newProblem(
			http.StatusNotFound,
			string(sdk.CodeNotFound),
			"this host cannot be reloaded",
		).write(w, r)
		return
	}

	// A reload with failed providers is still a reload: only a configuration that
	// is not valid is an error.
	out := a.Reload(r.Context(), force)
	w.Header().Set("Content-Type", "application/json")
	if len(out.Problems) > 0 {
		w.WriteHeader(http.StatusUnprocessableEntity)
	}

	_ = json.NewEncoder(w).Encode(out) // a caller that hung up does not want it
}
