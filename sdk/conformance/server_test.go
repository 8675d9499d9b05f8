package conformance_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/payhost/payhost/internal/kittest"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance"
	"github.com/payhost/payhost/sdk/serve"
)

// twist is what a wrong server does to the calls of a right one. handle makes
// an interceptor for each process, so that it can remember something; headers
// may change a request before gRPC reads it.
type twist struct {
	handle  func() grpc.UnaryServerInterceptor
	headers func(*http.Request) *http.Request
}

// run runs the kit on the server that acme is after the twist.
func (w twist) run(r *kittest.Recorder, opts ...conformance.Option) {
	target := conformance.Target{Start: w.start, Config: acmeConfiguration}
	conformance.Run(r, target, &acmeProvider{}, opts...)
}

// server is acme after a twist.
type server struct {
	client *client.Client
	stop   func() error
	kill   func()
	before goleak.Option
}

func (s *server) Client() *client.Client   { return s.client }
func (s *server) Stop() error              { return s.stop() }
func (s *server) Kill()                    { s.kill() }
func (s *server) Left() error              { return goleak.Find(s.before) }
func (s *server) Files() int               { return 0 }
func (s *server) Processor() time.Duration { return 0 }

// start serves over HTTP/2 of net/http, which lets what comes be changed.
func (w twist) start(out conformance.Output) (conformance.Process, error) {
	before := goleak.IgnoreCurrent()
	dir, err := os.MkdirTemp("", "kit")
	if err != nil {
		return nil, err
	}

	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	plugin := serve.NewServer(
		newAcme,
		serve.Options{Logger: slog.New(slog.NewJSONHandler(out.Log, nil))},
	)

	var options []grpc.ServerOption
	if w.handle != nil {
		options = append(options, grpc.UnaryInterceptor(w.handle()))
	}
	g := grpc.NewServer(options...)
	plugin.Register(g)
	serving := &http.Server{
		Protocols: new(http.Protocols),
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if w.headers != nil {
				r = w.headers(r)
			}
			g.ServeHTTP(rw, r)
		}),
	}

	serving.Protocols.SetUnencryptedHTTP2(true)
	served := make(chan error, 1)
	go func() { served <- serving.Serve(listener) }()
	conn, err := grpc.NewClient(
		"unix:"+filepath.Join(dir, "s"),
		grpc.WithTransportCredentials(
			insecure.NewCredentials(),
		),
		grpc.WithUnaryInterceptor(out.Intercept),
	)
	if err != nil {
		return nil, errors.Join(err, serving.Close(), os.RemoveAll(dir))
	}

	return &server{
		client: client.New(conn),
		stop: func() error {
			err := errors.Join(conn.Close(), serving.Shutdown(context.Background()))
			g.Stop() // waits for the calls
			plugin.Close()
			<-served
			return errors.Join(err, os.RemoveAll(dir))
		},
		kill:   func() { _ = serving.Close() },
		before: before,
	}, nil
}
