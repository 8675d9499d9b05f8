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

// inProcess serves the provider in this process, but over a real socket: what arrives is what the wire carries.
func inProcess[C any, P sdk.Provider](newProvider func(C, sdk.Runtime) (P, error)) conformance.Launch {
	return func(w *conformance.Watch) (*conformance.Process, error) {
		before := goleak.IgnoreCurrent()
		// Not t.TempDir: the path of a Unix socket has room for about a hundred characters.
		dir, err := os.MkdirTemp("", "kit")
		if err != nil {
			return nil, err
		}
		socket := filepath.Join(dir, "s")
		listener, err := net.Listen("unix", socket)
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		logger := slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
		server := serve.NewServer(newProvider, serve.Options{Logger: logger})
		g := grpc.NewServer(grpc.MaxRecvMsgSize(client.MaxMessageSize), grpc.MaxSendMsgSize(client.MaxMessageSize))
		server.Register(g)
		served := make(chan error, 1)
		go func() {
			err := g.Serve(listener)
			if errors.Is(err, grpc.ErrServerStopped) { // before it began: nobody called
				err = nil
			}
			served <- err
		}()
		conn, err := grpc.NewClient("unix:"+socket,
			grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUnaryInterceptor(w.Intercept))
		if err != nil {
			g.Stop()
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		stop := func() error {
			err := conn.Close()
			err = errors.Join(err, stopServing(g))
			server.Close()
			return errors.Join(err, <-served, os.RemoveAll(dir))
		}
		return &conformance.Process{
			Client: client.New(conn), Stop: stop, Kill: g.Stop, Left: func() error { return goleak.Find(before) },
			Files: openFiles, Processor: processorTime,
		}, nil
	}
}

// patience is how long the kit waits for what should happen at once.
const patience = 5 * time.Second

// stopServing lets calls end by themselves before it ends them.
func stopServing(g *grpc.Server) error {
	done := make(chan struct{})
	go func() {
		g.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(patience):
		g.Stop()
		<-done
		return fmt.Errorf("calls whose caller had gone away did not end within %s", patience)
	}
}

// openFiles counts what this process holds open, the kit's own connections too: they are as many as the plugin's. It is 0
// where the system does not tell.
func openFiles() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}
