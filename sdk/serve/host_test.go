//go:build unix

package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"go.uber.org/goleak"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/internal/wire"
	"github.com/payhost/payhost/sdk/serve"
)

const canary = "canary-7f3a9c"

// helperHost makes this test binary a host of the plugin that it names: it
// starts it and then waits to be killed.
const helperHost = "SDK_TEST_HELPER_HOST"

// helperPlugin makes this test binary a plugin whose provider has a method that
// is called like a verb and is not it.
const helperPlugin = "SDK_TEST_HELPER_PLUGIN"

func TestMain(m *testing.M) {
	if path := os.Getenv(helperHost); path != "" {
		beHost(path)
		return
	}
	if os.Getenv(helperPlugin) != "" {
		serve.Provider(func(struct{}, sdk.Runtime) (*noContext, error) { return nil, nil })
	}

	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if pluginDir != "" {
			os.RemoveAll(pluginDir)
		}
		os.Exit(code)
	}))
}

var pluginDir string // "" until the plugin is built

var buildPlugin = sync.OnceValues(func() (string, error) {
	var err error
	if pluginDir, err = os.MkdirTemp("", "sdk-plugin"); err != nil {
		return "", err
	}

	// The sources are read so that go test knows what a cached result depends
	// on: it does not see what the build reads.
	var sources []string
	for _, folder := range []string{".", "..", "../internal/wire", "../internal/configschema"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return "", err
		}
		sources = append(sources, files...)
	}
	for _, file := range append(sources, "testdata/plugin/main.go") {
		if _, err := os.ReadFile(file); err != nil {
			return "", err
		}
	}

	path := filepath.Join(pluginDir, "plugin")

	// Built as "make build" does it: what one has compiled the others find in
	// the cache.
	cmd := exec.Command(
		"go",
		"build",
		"-trimpath",
		"-buildvcs=false",
		"-ldflags",
		"-s -w",
		"-o",
		path,
		"./testdata/plugin",
	)

	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}

	return path, nil
})

func pluginPath(t *testing.T) string {
	t.Helper()
	path, err := buildPlugin()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// newHost returns a go-plugin client as a host would have it, and the folder of
// its socket.
func newHost(path, dir string, log io.Writer, files ...*os.File) *plugin.Client {
	cmd := exec.Command(path)
	cmd.Env = []string{plugin.EnvUnixSocketDir + "=" + dir}
	cmd.ExtraFiles = files

	return plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  wire.Handshake,
		VersionedPlugins: client.VersionedPlugins(),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Cmd:              cmd,
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     30 * time.Second,
		Stderr:           log,
		Logger:           hclog.NewNullLogger(),
	})
}

// dispense returns the client of a started plugin.
func dispense(host *plugin.Client) (*client.Client, error) {
	protocol, err := host.Client()
	if err != nil {
		return nil, err
	}
	raw, err := protocol.Dispense(wire.PluginName)
	if err != nil {
		return nil, err
	}
	return raw.(*client.Client), nil
}

// beHost starts the plugin with our descriptor 3, which the test reads: it ends
// when nobody holds it any more.
func beHost(path string) {
	held := os.NewFile(3, "held")
	host := newHost(path, os.Getenv(plugin.EnvUnixSocketDir), io.Discard, held)
	client, err := dispense(host)
	if err != nil {
		panic(err)
	}

	if _, err := client.Info(context.Background()); err != nil {
		panic(err)
	}
	_, _ = held.WriteString("ready\n")
	held.Close()
	select {}
}

// hosted is one plugin process with the account "main".
type hosted struct {
	client  *client.Client
	account *client.Account
	process *plugin.Client
	pid     int
	socket  string
	log     *logSink
}

func start(t *testing.T) *hosted {
	t.Helper()
	h := &hosted{log: newLogSink(), socket: t.TempDir()}
	h.process = newHost(pluginPath(t), h.socket, h.log)
	t.Cleanup(h.process.Kill)
	client, err := dispense(h.process)
	if err != nil {
		t.Fatal(err)
	}

	h.client = client
	h.account = client.Account("main")
	h.pid = h.process.ReattachConfig().Pid
	config := `{"environment": "sandbox", "key": "` + canary + `"}`
	if _, err := client.Configure(t.Context(), "main", json.RawMessage(config)); err != nil {
		t.Fatal(err)
	}

	return h
}

func (h *hosted) pay(ctx context.Context, what string) (*sdk.Payment, error) {
	req := validPayment()
	req.Description = what
	return h.account.CreatePayment(ctx, req)
}

// logSink keeps what a plugin wrote to its standard error and lets a test wait
// for a line.
type logSink struct {
	mu   sync.Mutex
	cond *sync.Cond
	text bytes.Buffer
}

func newLogSink() *logSink {
	s := &logSink{}
	s.cond = sync.NewCond(&s.mu)
	return s
}

func (s *logSink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cond.Broadcast()
	return s.text.Write(p)
}

// wait blocks until the log contains want.
func (s *logSink) wait(want string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !strings.Contains(s.text.String(), want) {
		s.cond.Wait()
	}
	return s.text.String()
}
