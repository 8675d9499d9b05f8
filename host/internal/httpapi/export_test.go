package httpapi_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/caller"
)

// An export is a file of the kind and format that was asked for, for those who
// may read that kind.
func TestExportsAreServed(t *testing.T) {
	r := newRig(t)
	id := r.pay(t, "k")

	table := r.call(t, "GET", "/v1/exports/payments", "").want(t, 200, "")
	rows, err := csv.NewReader(strings.NewReader(table.text)).ReadAll()
	if err != nil || len(rows) != 2 || rows[0][0] != "id" || rows[1][0] != id {
		t.Errorf("%v, %v", rows, err)
	}

	if kind := table.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv") ||
		!strings.Contains(table.header.Get("Content-Disposition"), "payments.csv") {
		t.Errorf("%v", table.header)
	}

	// A line is the object of the list.
	lines := send(t, "GET", r.URL+"/v1/exports/payments?format=jsonl", nil,
		"Authorization", "Bearer "+token, "X-Request-Id", "x")
	listed := r.call(t, "GET", "/v1/payments", "").json["data"].([]any)
	var one map[string]any
	if err := json.Unmarshal([]byte(lines.text), &one); err != nil ||
		!reflect.DeepEqual(one, listed[0]) {
		t.Errorf("%v: got %v, want %v", err, one, listed[0])
	}

	// A table of nothing has the names of its columns.
	empty := r.call(t, "GET", "/v1/exports/payouts", "").want(t, 200, "")
	if got := strings.Count(empty.text, "\n"); got != 1 {
		t.Errorf("%q", empty.text)
	}

	header := r.give("books", nil, caller.PaymentsRead)
	send(
		t,
		"GET",
		r.URL+"/v1/exports/refunds",
		nil,
		"Authorization",
		header,
	).want(t, 200, "")

	send(t, "GET", r.URL+"/v1/exports/events", nil, "Authorization", header).
		want(t, 403, "permission")
}

func TestAnExportThatCannotBeServedIsAProblem(t *testing.T) {
	r := newRig(t)
	r.pay(t, "k")

	for path, field := range map[string]string{
		"payments?format=pdf":                                           "format",
		"payments?from=tomorrow":                                        "from",
		"payments?since=2026-12-01T00:00:00Z":                           "since",
		"events?from=2026-12-02T00:00:00Z&to=2026-12-01T00:00:00Z":      "to",
		"refunds?from=2026-12-01T00:00:00.5Z&to=2026-12-01T00:00:00.5Z": "to",
	} {
		a := r.call(t, "GET", "/v1/exports/"+path, "").want(t, 422, "invalid_request")
		if a.violations()[field] == "" {
			t.Errorf("%s: %s", path, a.text)
		}
	}

	r.call(t, "GET", "/v1/exports/money", "").want(t, 404, "not_found")

	r.faults.FailReads(errors.New("the disk is gone"))
	a := r.call(t, "GET", "/v1/exports/payments", "")
	r.faults.FailReads(nil)
	if a.status < 500 || a.json["code"] != "storage" {
		t.Errorf("%d %s", a.status, a.text)
	}
}
