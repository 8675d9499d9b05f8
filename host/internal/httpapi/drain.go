package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/payhost/payhost/host/internal/strictjson"
	"github.com/payhost/payhost/host/payment"
)

// Draining is the answer to POST /admin/drain.
type Draining struct {
	Draining bool `json:"draining"`
}

// maxDrain bounds the body of a drain, in bytes.
const maxDrain = 1 << 10

// wantsDrain reads whether the host is to drain; an empty body means that it
// is. ok is false when the body is anything but {"off": true or false}.
func wantsDrain(body []byte) (drain, ok bool) {
	if len(bytes.TrimSpace(body)) == 0 {
		return true, true
	}
	var fields map[string]any
	unread := strictjson.Check(body) != nil || json.Unmarshal(body, &fields) != nil
	if unread || fields == nil {
		return false, false
	}

	off, isBool := fields["off"].(bool)
	return !off, isBool && len(fields) == 1
}

func drainEntry(drain bool) payment.AuditEntry {
	if drain {
		return payment.AuditEntry{Action: "drain", Note: "on"}
	}
	return payment.AuditEntry{Action: "drain", Note: "off"}
}

// drain makes readyz say no until it is switched off, or until the host is
// started again. Everything else goes on.
func (a *API) drain(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDrain))
	drain, ok := wantsDrain(body)
	if err != nil || !ok {
		newProblem(http.StatusBadRequest, codeMalformed,
			`the body must be {"off": true or false}, or empty`).write(w, r)
		return
	}

	if err := a.Payments.Audit(r.Context(), drainEntry(drain)); err != nil {
		a.Logger.Error("draining could not be recorded in the audit log",
			"request_id", requestID(r.Context()), "error", err)
	}

	// The log says when it began and when it ended, and nothing of a repeat.
	if a.draining.Swap(drain) != drain {
		message := "draining ended: /readyz no longer says no because of it"
		if drain {
			message = "draining: /readyz says no until payhost drain --off; all else goes on"
		}
		a.Logger.Info(message, "request_id", requestID(r.Context()))
	}

	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(Draining{drain}) // a caller that hung up does not want it
}
