package push

import (
	"net/http"
	"testing"
	"time"
)

func TestPausesGrowAndAddUpToThreeDays(t *testing.T) {
	total := time.Duration(0)
	for k, p := range pauses {
		if k > 0 && p < pauses[k-1] {
			t.Errorf("pause %d is shorter than the one before", k)
		}
		total += p
	}

	if total < 71*time.Hour || total > 73*time.Hour {
		t.Errorf("the tries last %s", total)
	}
}

func TestPauseAfter(t *testing.T) {
	for _, c := range []struct {
		tries       int
		asked, want time.Duration
		again       bool
	}{
		{1, 0, 5 * time.Second, true},
		{1, time.Minute, time.Minute, true},
		{7, time.Minute, time.Hour, true},
		{1, 1000 * time.Hour, maxRetryAfter, true}, // nobody puts us off for ever
		{len(pauses), 0, 12 * time.Hour, true},
		{len(pauses) + 1, time.Hour, 0, false},
	} {
		got, again := pauseAfter(c.tries, c.asked)
		if again != c.again || got < c.want || got > c.want+c.want/10 {
			t.Errorf(
				"after %d tries, asked for %s: %s %v, want %s to a tenth more",
				c.tries,
				c.asked,
				got,
				again,
				c.want,
			)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "-5": 0, "1e9": 0, "soon": 0, "99999999999999": 0,
		now.Add(time.Hour).Format(http.TimeFormat):  time.Hour,
		now.Add(-time.Hour).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("Retry-After: %s is read as %s, want %s", text, got, want)
		}
	}
}

// A secret is what the libraries make of it, so that a receiver which uses one
// needs to know nothing else.
func TestSecretsAreReadAsTheLibrariesDo(t *testing.T) {
	at, body := time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)

	// of the specification's own example
	const known = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

	for _, secret := range []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		got, err := signer(secret).Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
		if err != nil || got != known {
			t.Errorf("%s signs %s %v", secret, got, err)
		}
	}

	if got, err := signer("not base64 at all").Sign("m", at, body); err != nil ||
		got == "" {
		t.Errorf("a plain secret: %q %v", got, err)
	}
}
