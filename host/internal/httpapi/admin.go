package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// Reloaded is what became of a reload.
type Reloaded struct {
	Results []ReloadResult `json:"results"`
	// Problems are the mistakes of the configuration, one line each; when there are some, nothing was changed.
	Problems []string `json:"problems"`
}

// ReloadResult is what became of one provider, or of a setting that cannot be changed while the host runs.
type ReloadResult struct {
	Name   string `json:"name"`
	Action string `json:"action"`
	Error  string `json:"error,omitempty"`
}

// reload answers 200 with what became of each provider, 422 when the configuration is not valid and nothing was changed.
func (a *API) reload(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Force bool `json:"force"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil && !errors.Is(err, io.EOF) {
		newProblem(http.StatusBadRequest, codeMalformed, `the body must be {"force": true or false}, or empty`).write(w, r)
		return
	}
	if a.Reload == nil {
		newProblem(http.StatusNotFound, "not_found", "this host cannot be reloaded").write(w, r)
		return
	}
	out := a.Reload(r.Context(), body.Force)
	w.Header().Set("Content-Type", "application/json")
	if len(out.Problems) > 0 {
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
	_ = json.NewEncoder(w).Encode(out) // whoever hung up does not want it
}
