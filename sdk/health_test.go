package sdk

import (
	"errors"
	"testing"
)

func TestHealthOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want HealthState
	}{
		{nil, HealthHealthy},
		{Refused(CodeAuthentication, "401", "who are you"), HealthDegraded},
		{NotSent(CodeUnavailable, "no such host"), HealthUnreachable},
		{errors.New("broken pipe"), HealthUnreachable},
	} {
		if got := HealthOf(c.err); got.State != c.want ||
			(got.Message == "") != (c.err == nil) {
			t.Errorf("%v: got %+v, want %s", c.err, got, c.want)
		}
	}
}
