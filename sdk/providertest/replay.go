package providertest

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance"
	"github.com/payhost/payhost/sdk/conformance/golden"
)

// replayedAt is an address that nobody has: a plugin whose requests do not go through sdk.Runtime.Transport reaches nothing.
const replayedAt = "https://recorded.invalid"

// Replay makes the call of a golden file again, over gRPC as a host does, and plays the provider's part from the file. The
// test fails when the plugin says something else to the provider than was recorded, or makes something else of its
// answers. newProvider and config are those of Run; its secrets need not be the recorded account's.
//
// Requests must go through sdk.Runtime.Transport, as those of package providerhttp do; for others there is Recorded. When
// the address was recorded without a configured base_url and the plugin's usual one has a path, config adds that path.
func Replay[C any, P sdk.Provider](
	t *testing.T, newProvider func(C, sdk.Runtime) (P, error), config func(baseURL string) string, file string, opts ...golden.Option,
) {
	t.Helper()
	recording, player := recorded(t, file, replayedAt, opts)
	process, err := inProcess(func(c C, rt sdk.Runtime) (P, error) {
		rt.Transport = player
		return newProvider(c, rt)
	})(&conformance.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := process.Stop(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), replayTime)
	defer cancel()
	const account = "replay"
	if _, err := process.Client.Configure(ctx, account, []byte(config(replayedAt))); err != nil {
		t.Fatalf("the configuration is not accepted: %v", err)
	}
	answer, err := process.Client.Account(account).Call(ctx, recording.Verb, recording.Request)
	report(t, file, append(player.Done(), recording.Compare(answer, err, opts...)...))
}

// replayTime bounds a call: nothing in it waits for a network.
const replayTime = time.Minute

// Recorded serves the provider's part of a golden file at the address that it gives, for tests that call the plugin in
// their own way. The test fails when the requests differ from the recorded ones or are not made.
func Recorded(t *testing.T, file string, opts ...golden.Option) (baseURL string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	baseURL = "http://" + server.Listener.Addr().String()
	_, player := recorded(t, file, baseURL, opts)
	server.Config.Handler = player
	server.Start()
	t.Cleanup(func() {
		server.Close()
		report(t, file, player.Done())
	})
	return baseURL
}

func recorded(t *testing.T, file, base string, opts []golden.Option) (*golden.Recording, *golden.Player) {
	t.Helper()
	recording, err := golden.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	player, err := recording.Player(base, opts...)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return recording, player
}

// report fails the test with all that is different at once.
func report(t *testing.T, file string, wrong []string) {
	t.Helper()
	for _, text := range wrong {
		t.Errorf("%s: %s", file, text)
	}
}
