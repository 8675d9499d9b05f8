package providertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance"
	"github.com/payhost/payhost/sdk/conformance/golden"
)

// replayedAt is an address that does not exist: a plugin whose requests do not
// go through sdk.Runtime.Transport reaches nothing.
const replayedAt = "https://recorded.invalid"

// replayTime bounds a call: nothing in it waits for a network.
const replayTime = time.Minute

// Replay makes the call of a golden file again, over gRPC as a host does, and
// plays the provider's part from the file. The test fails when the plugin says
// something else to the provider than was recorded, or makes something else of
// its answers. newProvider and config are those of Run; the configuration's
// secrets need not be the recorded account's.
//
// Requests must go through sdk.Runtime.Transport, as those of package
// providerhttp do; for others there is Recorded. When the address was recorded
// without a configured base_url and the plugin's usual one has a path, config
// must add that path.
func Replay[C any, P sdk.Provider](
	t *testing.T,
	newProvider func(C, sdk.Runtime) (P, error),
	config func(baseURL string) string,
	file string,
	opts ...golden.Option,
) {
	t.Helper()
	wrong, err := replay(t.Context(), newProvider, config, file, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range wrong {
		t.Error(text)
	}
}

// replay returns all that is different; the error says why nothing could be
// replayed.
func replay[C any, P sdk.Provider](
	ctx context.Context,
	newProvider func(C, sdk.Runtime) (P, error),
	config func(baseURL string) string,
	file string,
	opts []golden.Option,
) (wrong []string, err error) {
	recording, player, err := recorded(file, replayedAt, opts)
	if err != nil {
		return nil, err
	}

	// The player is the whole network of the plugin.
	start := inProcess(func(c C, rt sdk.Runtime) (P, error) {
		rt.Transport = player
		return newProvider(c, rt)
	})

	process, err := start(conformance.Output{Log: io.Discard})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, process.Stop()) }()

	const account = "replay"
	ctx, cancel := context.WithTimeout(ctx, replayTime)
	defer cancel()
	plugin := process.Client()
	if _, err := plugin.Configure(ctx, account, []byte(config(replayedAt))); err != nil {
		return nil, fmt.Errorf("the configuration is not accepted: %w", err)
	}

	answer, failure := plugin.Account(account).Call(ctx, recording.Verb, recording.Request)
	differences := append(player.Done(), recording.Compare(answer, failure, opts...)...)
	for _, text := range differences {
		wrong = append(wrong, file+": "+text)
	}

	return wrong, nil
}

// Recorded serves the provider's part of a golden file and returns its address,
// for tests that call the plugin in their own way. The test fails when the
// requests differ from the recorded ones or are not made.
func Recorded(t *testing.T, file string, opts ...golden.Option) (baseURL string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	baseURL = "http://" + server.Listener.Addr().String()
	_, player, err := recorded(file, baseURL, opts)
	if err != nil {
		server.Close()
		t.Fatal(err)
	}

	server.Config.Handler = player
	server.Start()
	t.Cleanup(func() {
		server.Close()
		for _, text := range player.Done() {
			t.Errorf("%s: %s", file, text)
		}
	})

	return baseURL
}

// recorded reads a golden file and returns the player of its provider's part.
func recorded(
	file, base string,
	opts []golden.Option,
) (*golden.Recording, *golden.Player, error) {
	recording, err := golden.Read(file)
	if err != nil {
		return nil, nil, err
	}
	player, err := recording.Player(base, opts...)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return recording, player, nil
}
