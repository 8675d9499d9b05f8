package httpapi_test

import (
	"strings"
	"testing"
)

func TestDrainingHostIsNotReadyUntilItIsSwitchedOff(t *testing.T) {
	r := newRig(t)
	send(t, "GET", r.admin.URL+"/readyz", nil).want(t, 200, "")

	// A repeat changes nothing, and is not logged again.
	send(t, "POST", r.admin.URL+"/admin/drain", nil).want(t, 200, "")
	send(t, "POST", r.admin.URL+"/admin/drain", nil).want(t, 200, "")
	if a := send(t, "GET", r.admin.URL+"/readyz", nil); a.status != 503 ||
		!strings.Contains(a.text, `"draining":true`) {
		t.Errorf("a draining host answers %d %s", a.status, a.text)
	}

	send(t, "GET", r.admin.URL+"/healthz", nil).want(t, 200, "")
	send(t, "GET", r.admin.URL+"/v1/payments", nil).want(t, 200, "")

	off := strings.NewReader(`{"off": true}`)
	send(t, "POST", r.admin.URL+"/admin/drain", off).want(t, 200, "")
	send(t, "GET", r.admin.URL+"/readyz", nil).want(t, 200, "")

	for _, said := range []string{"msg=\"draining: ", "msg=\"draining ended: "} {
		if n := strings.Count(r.log.String(), said); n != 1 {
			t.Errorf("%s is logged %d times:\n%s", said, n, r.log)
		}
	}
}

func TestDrainRefusesWhatItDoesNotKnow(t *testing.T) {
	r := newRig(t)
	for _, body := range []string{`{"off": "yes"}`, `{"of": true}`, `{}`, `[]`, `null`,
		`{"off": true, "off": false}`, `{"off": true, "why": ""}`} {
		send(t, "POST", r.admin.URL+"/admin/drain", strings.NewReader(body)).
			want(t, 400, "malformed")
	}

	send(t, "GET", r.admin.URL+"/readyz", nil).want(t, 200, "")

	// Only the admin socket has it.
	r.call(t, "POST", "/admin/drain", "").want(t, 404, "not_found")
}
