package wire

import (
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/payhost/payhost/sdk"
)

// gRPC counts a deadline anew where a call arrives; the moment that the host
// has sent counts all the same.
func TestACallIsOverAtTheMomentThatItsHostHasSent(t *testing.T) {
	for name, c := range map[string]struct {
		moment string
		over   bool
	}{
		"passed":         {strconv.FormatInt(time.Now().Add(-time.Second).UnixMicro(), 10), true},
		"to come":        {strconv.FormatInt(time.Now().Add(time.Hour).UnixMicro(), 10), false},
		"not a number":   {"soon", true},
		"none was given": {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			md := metadata.MD{}
			if c.moment != "" {
				md.Set(DeadlineKey, c.moment)
			}
			ctx, cancel := HeedDeadline(metadata.NewIncomingContext(t.Context(), md))
			defer cancel()
			if got := !sdk.InTime(ctx); got != c.over {
				t.Errorf("over: %v, want %v", got, c.over)
			}
		})
	}
}

// Calls that follow one another carry the same header, which then costs next to
// nothing.
func TestTheMomentThatIsSentIsNeverLate(t *testing.T) {
	now := time.UnixMicro(1_700_000_000_000_000)
	for _, c := range []struct{ left, want time.Duration }{
		{15*time.Second + 9999*time.Microsecond, 15 * time.Second},
		{15 * time.Second, 15 * time.Second},
		{time.Second + time.Microsecond, time.Second},
		{time.Second, time.Second},
		{999*time.Millisecond + 9*time.Microsecond, 999*time.Millisecond + 9*time.Microsecond},
		{time.Microsecond, time.Microsecond},
		{-time.Hour, -time.Hour},
	} {
		if got := sentMoment(now.Add(c.left), now); got != now.Add(c.want).UnixMicro() {
			t.Errorf("%s: the plugin is given %s", c.left, time.UnixMicro(got).Sub(now))
		}
	}
}
