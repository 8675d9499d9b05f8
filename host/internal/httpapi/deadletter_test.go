package httpapi_test

import (
	"testing"

	"github.com/payhost/payhost/host/internal/store"
)

// What is not there is 404, also under ids that no event can have. How letters
// die and are retried is told where events are pushed.
func TestDeadLetters(t *testing.T) {
	r := newRig(t)
	if list := r.call(t, "GET", "/v1/dead-letters", "").want(t, 200, "").json["data"].([]any); len(
		list,
	) != 0 {
		t.Errorf("a new host has dead letters: %v", list)
	}

	for _, id := range []string{store.EventID(1), "evt_nonsense", "pay_1"} {
		r.call(t, "POST", "/v1/dead-letters/"+id+"/retry", "").want(t, 404, "not_found")
	}
	r.call(t, "GET", "/v1/dead-letters?cursor=nonsense", "").want(t, 422, "invalid_request")
	r.call(t, "GET", "/v1/dead-letters?limit=0", "").want(t, 422, "invalid_request")
}
