package httpapi_test

import (
	"strings"
	"testing"
)

func TestTokenKeys(t *testing.T) {
	r := newRig(t)
	states := func(a answer) string {
		var all []string
		for _, key := range a.json["data"].([]any) {
			fields := key.(map[string]any)
			all = append(all, fields["id"].(string)+" "+fields["state"].(string))
		}
		return strings.Join(all, ", ")
	}
	if got := states(r.call(t, "GET", "/v1/token-keys", "").want(t, 200, "")); got != "k1 in_force" {
		t.Errorf("a new host has %s", got)
	}

	r.call(t, "POST", "/v1/token-keys", `{}`).want(t, 422, "invalid_request")
	r.call(t, "POST", "/v1/token-keys", `{"reason":" "}`).want(t, 422, "invalid_request")
	r.call(t, "POST", "/v1/token-keys/k9/end", `{"reason":"lost"}`).
		want(t, 404, "not_found")
	r.call(t, "POST", "/v1/token-keys/k1/end", `{"reason":"lost"}`).want(t, 409, "conflict")
	rotated := r.call(t, "POST", "/v1/token-keys", `{"reason":"lost"}`).want(t, 200, "")
	if got := states(rotated); (got != "k2 coming, k1 in_force") ||
		!strings.Contains(rotated.text, `"by":"operator (api)"`) {
		t.Errorf("rotated: %s", rotated.text)
	}

	for _, shown := range []string{"stored", "seal\"", "secret"} {
		if strings.Contains(rotated.text, shown) {
			t.Errorf("the answer tells of a key's inside: %s", rotated.text)
		}
	}

	r.call(t, "POST", "/v1/token-keys", `{"reason":"again"}`).want(t, 409, "conflict")
}
