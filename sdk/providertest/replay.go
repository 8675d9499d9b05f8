package providertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/grpc"

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
	wrong, err := replay(t.Context(), newProvider, config, file, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range wrong {
		t.Error(text)
	}
}

// replay gives all that is different; the error says why nothing could be replayed.
func replay[C any, P sdk.Provider](
	ctx context.Context, newProvider func(C, sdk.Runtime) (P, error), config func(baseURL string) string, file string, opts []golden.Option,
) (wrong []string, err error) {
	recording, player, err := recorded(file, replayedAt, opts)
	if err != nil {
		return nil, err
	}
	process, err := inProcess(func(c C, rt sdk.Runtime) (P, error) {
		rt.Transport = player
		return newProvider(c, rt)
	})(conformance.Output{Log: io.Discard, Intercept: passOn})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, process.Stop()) }()
	ctx, cancel := context.WithTimeout(ctx, replayTime)
	defer cancel()
	const account = "replay"
	if _, err := process.Client().Configure(ctx, account, []byte(config(replayedAt))); err != nil {
		return nil, fmt.Errorf("the configuration is not accepted: %w", err)
	}
	answer, failure := process.Client().Account(account).Call(ctx, recording.Verb, recording.Request)
	for _, text := range append(player.Done(), recording.Compare(answer, failure, opts...)...) {
		wrong = append(wrong, file+": "+text)
	}
	return wrong, nil
}

// replayTime bounds a call: nothing in it waits for a network.
const replayTime = time.Minute

// Recorded serves the provider's part of a golden file at the address that it gives, for tests that call the plugin in
// their own way. The test fails when the requests differ from the recorded ones or are not made.
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

// passOn is an interceptor that changes nothing.
func passOn(
	ctx context.Context, method string, req, reply any,
	conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	return invoke(ctx, method, req, reply, conn, opts...)
}

func recorded(file, base string, opts []golden.Option) (*golden.Recording, *golden.Player, error) {
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
