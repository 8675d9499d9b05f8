package providertest

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance"
	"github.com/payhost/payhost/sdk/serve"
)

// patience is how long a plugin may take to end.
const patience = 5 * time.Second

// process is a plugin that is served in the test's own process, but over a real
// socket: what arrives is what the wire carries.
type process struct {
	dir    string // of the socket
	before goleak.Option
	server *serve.Server
	grpc   *grpc.Server
	served chan error
	conn   *grpc.ClientConn
	client *client.Client
}

// inProcess returns what starts such a process.
func inProcess[C any, P sdk.Provider](
	newProvider func(C, sdk.Runtime) (P, error),
) func(conformance.Output) (conformance.Process, error) {
	return func(out conformance.Output) (conformance.Process, error) {
		before := goleak.IgnoreCurrent()
		logger := slog.New(
			slog.NewJSONHandler(out.Log, &slog.HandlerOptions{Level: slog.LevelDebug}),
		)
		server := serve.NewServer(newProvider, serve.Options{Logger: logger})

		p := &process{before: before, server: server, served: make(chan error, 1)}
		if err := p.serve(out.Intercept); err != nil {
			return nil, err
		}

		return p, nil
	}
}

// serve listens on a socket and connects to it.
func (p *process) serve(intercept grpc.UnaryClientInterceptor) error {
	// Not t.TempDir: the path of a Unix socket has room for about a hundred
	// characters.
	dir, err := os.MkdirTemp("", "kit")
	if err != nil {
		return err
	}

	p.dir = dir
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}

	p.grpc = grpc.NewServer(
		grpc.MaxRecvMsgSize(client.MaxMessageSize),
		grpc.MaxSendMsgSize(client.MaxMessageSize),
	)
	p.server.Register(p.grpc)
	go func() {
		err := p.grpc.Serve(listener)
		if errors.Is(err, grpc.ErrServerStopped) { // before it began: no call came
			err = nil
		}
		p.served <- err
	}()

	// Without TLS: the socket is in a private folder.
	p.conn, err = grpc.NewClient("unix:"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(intercept))
	if err != nil {
		p.grpc.Stop()
		return errors.Join(err, os.RemoveAll(dir))
	}

	p.client = client.New(p.conn)
	return nil
}

func (p *process) Client() *client.Client { return p.client }

// Stop lets calls end by themselves before it ends them.
func (p *process) Stop() error {
	err := p.conn.Close()
	err = errors.Join(err, p.stopServing())
	p.server.Close()
	return errors.Join(err, <-p.served, os.RemoveAll(p.dir))
}

func (p *process) stopServing() error {
	done := make(chan struct{})
	go func() {
		p.grpc.GracefulStop()
		close(done)
	}()

	// GracefulStop waits for every handler: one that ignores its context would
	// never let Stop return.
	select {
	case <-done:
		return nil
	case <-time.After(patience):
		p.grpc.Stop()
		<-done
		return fmt.Errorf(
			"calls whose caller had gone away did not end within %s",
			patience,
		)
	}
}

func (p *process) Kill() { p.grpc.Stop() }

func (p *process) Left() error { return goleak.Find(p.before) }

// Files counts what this process holds open, the kit's own connections too:
// they are as many as the plugin's.
func (p *process) Files() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

func (p *process) Processor() time.Duration { return processorTime() }
