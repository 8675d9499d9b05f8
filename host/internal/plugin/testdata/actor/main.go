// Command actor is a plugin that misbehaves on demand: at its start as the file "script" in its working folder says, in
// a call as the provider's answer says.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"

	"github.com/payhost/payhost/host/internal/plugin/plugintest"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/serve"
)

var (
	version = "dev"
	name    = "actor"
)

// rawStdout is the host's end of standard output, which the SDK takes away from a plugin.
var rawStdout int

func main() {
	if len(os.Args) == 2 && os.Args[1] == "child" {
		marks()      // a child that hides does so first
		standStill() // holds whatever it inherited, until it is killed
	}
	if len(os.Args) == 2 && os.Args[1] == "describe" && strings.HasPrefix(filepath.Base(os.Args[0]), "stranger") {
		stranger(filepath.Base(os.Args[0]))
		return
	}
	script, _ := os.ReadFile("script")
	verb, arg, _ := strings.Cut(strings.TrimSpace(string(script)), " ")
	switch verb {
	case "exit":
		fmt.Fprintln(os.Stderr, "cannot open the ledger: hunter2-secret")
		os.Exit(3)
	case "garbage":
		fmt.Fprintln(os.Stderr, "about to serve")
		fmt.Println("Welcome to actor!")
	case "hang":
		fmt.Fprintln(os.Stderr, "waiting for something")
		_ = os.WriteFile("pid", []byte(strconv.Itoa(os.Getpid())), 0o600)
		standStill()
	case "mute":
		mute()
	case "daemon":
		rawStdout = 1
		child, err := startChild(&syscall.SysProcAttr{Setsid: true})
		if err != nil {
			panic(err)
		}
		_ = os.WriteFile("child", []byte(child), 0o600)
	case "deaf":
		deaf()
	case "elsewhere":
		fmt.Println("1|1|tcp|" + arg + "|grpc|")
		standStill()
	case "contracts":
		speak(arg)
	case "undumpable":
		go hideMemory()
	case "name":
		name = arg
	case "version":
		version = arg
	}
	rawStdout, _ = syscall.Dup(1)
	serve.Provider(newProvider)
}

// hideMemory keeps what is in the process's memory from others, once it has a
// socket that listens: before that the host could not listen for it.
func hideMemory() {
	for !listens() {
		time.Sleep(time.Millisecond)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		panic(err)
	}
}

// listens reports whether one of the process's first files is a socket that
// listens.
func listens() bool {
	for fd := range 64 {
		on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if (err == nil) && (on == 1) {
			return true
		}
	}
	return false
}

// standStill waits to be killed. Nothing else would run, and the runtime would call that a deadlock.
func standStill() {
	for {
		time.Sleep(time.Hour)
	}
}

// mute keeps the handshake and then answers nothing.
func mute() {
	path := os.Getenv("PLUGIN_UNIX_SOCKET_DIR") + "/mute"
	l, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	fmt.Println("1|1|unix|" + path + "|grpc|")
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go io.Copy(io.Discard, c)
	}
}

// deaf does all that go-plugin wants of a plugin, and answers no call.
func deaf() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  client.Handshake,
		VersionedPlugins: map[int]plugin.PluginSet{client.ContractVersion: {client.PluginName: deafPlugin{}}},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
				<-s.Context().Done()
				return s.Context().Err()
			}))...)
		},
	})
	os.Exit(0)
}

// speak serves the versions of the contract that it is told.
func speak(versions string) {
	var list []int
	for _, v := range strings.Fields(versions) {
		n, _ := strconv.Atoi(v)
		list = append(list, n)
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  client.Handshake,
		VersionedPlugins: plugintest.Contracts(serve.NewServer(newProvider, serve.Options{}), list...),
		GRPCServer:       plugin.DefaultGRPCServer,
	})
	os.Exit(0)
}

type deafPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (deafPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func (deafPlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.ErrUnsupported
}

type config struct {
	BaseURL  string     `config:"base_url,required"`
	Merchant string     `config:"merchant,identity"`
	Key      sdk.Secret `config:"key"`
	Note     string     `config:"note"`

	Environment string `config:"environment"`
}

type provider struct {
	cfg config
	rt  sdk.Runtime
}

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	p := &provider{cfg, rt}
	if cfg.Note == "ask" { // the constructor asks as well: tests hold it there
		if _, err := p.do(context.Background(), "configure", ""); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *provider) Info() sdk.Info {
	return sdk.Info{
		Name: name, Version: version, Description: "misbehaves on demand", Currencies: []string{"USD"},
		WebhookTrust: []sdk.WebhookTrust{sdk.TrustSignature},
		Operations:   []sdk.Operation{{Name: "do", Description: "whatever the provider says"}},
	}
}

func (p *provider) CreatePayment(ctx context.Context, q sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	text, err := p.do(ctx, "create", q.Reference)
	if err != nil {
		return nil, err
	}
	return &sdk.Payment{ProviderReference: "at-" + q.Reference, Status: sdk.PaymentProcessing, Message: text}, nil
}

func (p *provider) ConfirmPayment(ctx context.Context, q sdk.ConfirmPaymentRequest) (*sdk.Payment, error) {
	n := 0
	for _, a := range q.Attachments {
		n += len(a.Content)
	}
	return &sdk.Payment{Status: sdk.PaymentProcessing, Message: strconv.Itoa(n)}, nil
}

func (p *provider) CheckHealth(ctx context.Context) (sdk.Health, error) {
	_, err := p.do(ctx, "health", "")
	return sdk.Health{State: sdk.HealthHealthy}, err
}

func (p *provider) ParseWebhook(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	return &sdk.WebhookResult{Verification: sdk.VerifiedBySignature}, nil
}

func (p *provider) InvokeOperation(ctx context.Context, q sdk.InvokeOperationRequest) (json.RawMessage, error) {
	text, err := p.do(ctx, "invoke", "")
	if err != nil {
		return nil, err
	}
	return json.Marshal(text)
}

// do asks the provider what to do, and does it.
func (p *provider) do(ctx context.Context, verb, reference string) (string, error) {
	q := url.Values{"verb": {verb}, "ref": {reference}, "merchant": {p.cfg.Merchant}, "note": {p.cfg.Note}, "version": {version}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.cfg.BaseURL+"?"+q.Encode(), nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", &sdk.Error{Code: sdk.CodeUnavailable, Outcome: sdk.OutcomeUnknown, Message: err.Error()}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return "", &sdk.Error{Code: sdk.CodeUnavailable, Outcome: sdk.OutcomeUnknown, Message: err.Error()}
	}
	sdk.RecordExchange(ctx, sdk.Exchange{Method: http.MethodPost, URL: p.cfg.BaseURL, Status: res.StatusCode, Sent: true})
	order, arg, _ := strings.Cut(string(text), " ")
	return p.obey(ctx, order, arg)
}

func (p *provider) obey(ctx context.Context, order, arg string) (string, error) {
	n, _ := strconv.Atoi(arg)
	switch order {
	case "ok":
		return arg, nil
	case "exit":
		fmt.Fprintln(os.Stderr, "the ledger is broken")
		os.Exit(n)
	case "panic":
		panic("a bug")
	case "decline":
		return "", sdk.Refused(sdk.CodeDeclined, "51", "no money")
	case "invalid":
		return "", sdk.Invalid(sdk.Violation{Field: "base_url", Message: "is no good"})
	case "unavailable":
		return "", &sdk.Error{Code: sdk.CodeUnavailable, Outcome: sdk.OutcomeUnknown, Message: "no answer"}
	case "wait":
		<-ctx.Done()
		return "", ctx.Err()
	case "big":
		return strings.Repeat("x", n), nil
	case "flood":
		for i := range n {
			p.rt.Logger.Info("flood", "line", i)
		}
		return "flooded", nil
	case "stdout":
		return "printed", printRaw(n)
	case "stderr":
		_, err := os.Stderr.WriteString(arg + "\n")
		return "printed", err
	case "rawstderr":
		_, err := syscall.Write(2, []byte(arg+"\n"))
		return "printed", err
	case "fork":
		return fork()
	case "stop":
		return "", syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "files":
		return openFiles()
	case "env":
		env := os.Environ()
		sort.Strings(env)
		return strings.Join(env, "\n"), nil
	case "where":
		dir, err := os.Getwd()
		return dir, err
	}
	if text, ok := try(order, arg, n); ok {
		return text, nil
	}
	if text, ok := attack(order, arg); ok {
		return text, nil
	}
	return "", errors.New("unknown order " + order)
}

// printRaw prints one line of n bytes past the SDK.
func printRaw(n int) error {
	w := bufio.NewWriter(os.NewFile(uintptr(rawStdout), "stdout"))
	fmt.Fprintln(w, strings.Repeat("y", n))
	fmt.Fprintln(w, "and a short line")
	return w.Flush()
}

// fork starts a child that holds the plugin's stderr and gives its process id.
func fork() (string, error) { return startChild(nil) }

func startChild(attr *syscall.SysProcAttr) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	child := exec.Command(self, "child")
	child.SysProcAttr = attr
	child.Stdout, child.Stderr = os.NewFile(uintptr(rawStdout), "stdout"), os.NewFile(2, "stderr")
	if err := child.Start(); err != nil {
		return "", err
	}
	return strconv.Itoa(child.Process.Pid), nil
}

// openFiles says what the open file descriptors are. The folder of them cannot be listed, but each can be asked about.
func openFiles() (string, error) {
	var list []string
	for fd := range 4096 {
		target, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
		if err == nil {
			list = append(list, strconv.Itoa(fd)+" "+target)
		}
	}
	return strings.Join(list, "\n"), nil
}
