//go:build unix

package serve_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/internal/wire"
)

func TestServeHandshake(t *testing.T) {
	h := start(t)
	info, err := h.client.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	if info.Name != "plugin" || info.ContractVersion != wire.ContractVersion ||
		h.process.NegotiatedVersion() != 1 {
		t.Errorf("info %+v, negotiated %d", info, h.process.NegotiatedVersion())
	}

	p, err := h.pay(t.Context(), "")
	if err != nil || p.ProviderReference != "ref-1" {
		t.Errorf("payment %+v, %v", p, err)
	}
	h.process.Kill()
	<-h.client.Done()
	h.log.wait(`"@message":"closed"`) // printed last, and not lost
	if left, _ := os.ReadDir(h.socket); len(left) != 0 {
		t.Errorf("the socket's folder still has %v", left)
	}
}

// go-plugin trap 15: a print before the handshake ends the start, and nobody
// quotes stderr (garbage).
func TestServeLogsWhatIsPrinted(t *testing.T) {
	h := start(t)
	if _, err := h.pay(t.Context(), "print"); err != nil {
		t.Fatal(err)
	}

	for _, line := range []string{
		`"@message":"println [secret]"`, `"@message":"stderr [secret]"`, `"@message":"early [secret]"`,
		`"@message":"log [secret]"`, `"@message":"descriptor"`, `"@message":"built"`, `"leak":"[secret]"`,
	} {
		if text := h.log.wait(line); strings.Contains(text, canary) {
			t.Errorf("the log shows the secret: %s", text)
		}
	}
}

// go-plugin trap 22: a line over 64 KB on stdout stops the reader and blocks
// the plugin.
func TestServeSurvivesLongPrints(t *testing.T) {
	h := start(t)
	for range 3 {
		if _, err := h.pay(t.Context(), "long"); err != nil {
			t.Fatal(err)
		}
	}

	if _, err := h.pay(t.Context(), "print"); err != nil {
		t.Fatal(err)
	}

	for _, line := range strings.Split(h.log.wait("descriptor"), "\n") {
		if len(line) > 16<<10 {
			t.Fatalf("a log line of %d bytes", len(line))
		}
	}
}

// go-plugin trap 12: a panic in a handler ends the process and all its calls.
func TestServePanicEndsOneCall(t *testing.T) {
	h := start(t)
	_, err := h.pay(t.Context(), "panic")
	if e := sdk.AsError(err); e.Code != sdk.CodeInternal ||
		e.Outcome != sdk.OutcomeUnknown ||
		e.Message != "panic in CreatePayment: no [secret]" {
		t.Errorf("error %v", err)
	}

	if text := h.log.wait("testdata/plugin/main.go"); strings.Contains(text, canary) {
		t.Errorf("the log shows the secret: %s", text)
	}
	if _, err := h.pay(t.Context(), ""); err != nil {
		t.Errorf("after the panic: %v", err)
	}
}

func TestServeDeathDuringACallIsUnknown(t *testing.T) {
	h := start(t)
	_, err := h.pay(t.Context(), "exit")
	if e := sdk.AsError(err); e.Code != sdk.CodeUnavailable ||
		e.Outcome != sdk.OutcomeUnknown ||
		!strings.Contains(e.Message, "died") {
		t.Errorf("error %v", err)
	}
	<-h.client.Done()
}

// go-plugin trap 17: SIGTERM ends a plugin before its host has drained.
func TestServeIgnoresSignals(t *testing.T) {
	h := start(t)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE} {
		if err := syscall.Kill(h.pid, s); err != nil {
			t.Fatal(err)
		}
		if _, err := h.client.Info(t.Context()); err != nil {
			t.Errorf("after %v: %v", s, err)
		}
	}
}

// go-plugin trap 18: a plugin outlives a killed host, or dies with a thread of
// a living one.
func TestServeEndsWithItsHost(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()

	dir := t.TempDir()
	host := exec.Command(os.Args[0])
	host.Env = []string{
		helperHost + "=" + pluginPath(t),
		plugin.EnvUnixSocketDir + "=" + dir,
	}
	host.ExtraFiles = []*os.File{write}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}

	write.Close()
	ready := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(read, ready); err != nil {
		t.Fatalf("the helper did not start its plugin: %v", err)
	}

	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()                             // says that it was killed
	if _, err := io.ReadAll(read); err != nil { // ends when the plugin has
		t.Fatal(err)
	}

	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("the socket's folder still has %v", left)
	}
}

// TestServeOutlivesItsLogReader closes the end of standard error that a host
// reads, without which a write would end the process, and with it calls that
// may have moved money.
func TestServeOutlivesItsLogReader(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(pluginPath(t))
	cmd.Env = []string{
		wire.Handshake.MagicCookieKey + "=" + wire.Handshake.MagicCookieValue, plugin.EnvUnixSocketDir + "=" + t.TempDir(),
	}

	cmd.Stderr = write
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}

	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()

	defer cmd.Process.Kill()
	write.Close()
	read.Close()

	// core version, version, network, address, protocol, certificate
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}

	cc, err := grpc.NewClient(
		"unix:"+strings.Split(line, "|")[3],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()

	h := &hosted{client: client.New(cc), account: client.New(cc).Account("main")}
	if _, err := h.client.Configure(t.Context(), "main", json.RawMessage(`{"environment": "sandbox", "key": "k"}`)); err != nil {
		t.Fatal(err)
	}

	for range 3 {
		if _, err := h.pay(t.Context(), "print"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServeFails covers the ways in which a plugin cannot begin: it must end,
// and say why.
func TestServeFails(t *testing.T) {
	read, broken, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()

	read.Close()
	cookie := wire.Handshake.MagicCookieKey + "=" + wire.Handshake.MagicCookieValue
	for text, cmd := range map[string]*exec.Cmd{
		"the host has gone":    {Stdout: broken, Env: []string{cookie}},
		"server did not start": {Env: []string{cookie, plugin.EnvUnixSocketDir + "=/nonexistent"}},
	} {
		var stderr bytes.Buffer
		cmd.Path, cmd.Stderr = pluginPath(t), &stderr
		_ = cmd.Run() // says what the exit status does
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), text) {
			t.Errorf("%v, want %q in %s", cmd.ProcessState, text, stderr.String())
		}
	}
}

func TestDescribe(t *testing.T) {
	out, err := exec.Command(pluginPath(t), "describe").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Name            string          `json:"name"`
		ContractVersion int             `json:"contract_version"`
		Capabilities    []string        `json:"capabilities"`
		ConfigSchema    json.RawMessage `json:"config_schema"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}

	if got.Name != "plugin" || got.ContractVersion != 1 || len(got.Capabilities) != 2 ||
		len(got.ConfigSchema) == 0 {
		t.Errorf("got %s", out)
	}
}

func TestStartedByHand(t *testing.T) {
	cmd := exec.Command(pluginPath(t))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != 1 || len(out) != 0 {
		t.Errorf("%v, stdout %q", err, out)
	}

	for _, want := range []string{"plugin 1.2.3", "A provider for tests.", "plugin describe", "plugin_dir"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q is not in %s", want, stderr.String())
		}
	}
}

func TestAMisshapenProviderDoesNotStart(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := exec.Command(self)
	program.Env = append(os.Environ(), helperPlugin+"=1")
	var out, said bytes.Buffer
	program.Stdout = &out
	program.Stderr = &said

	var exit *exec.ExitError
	if err := program.Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("ended with %v", err)
	}
	for _, part := range []string{
		"CheckHealth() (sdk.Health, error)",
		"CheckHealth(context.Context) (sdk.Health, error)",
	} {
		if !strings.Contains(said.String(), part) {
			t.Errorf("%q does not say %q", said.String(), part)
		}
	}
	if strings.Count(said.String(), "\n") != 1 || out.Len() != 0 {
		t.Errorf("the error is not one line on stderr alone: %q, %q", said.String(), out.String())
	}
}
