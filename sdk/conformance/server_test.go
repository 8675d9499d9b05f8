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

	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance"
	"github.com/payhost/payhost/sdk/conformance/kittest"
	"github.com/payhost/payhost/sdk/serve"
)

// twist is what a wrong server does to the calls of a right one. handle makes an interceptor for each process, so that
// it can remember something; headers may change a request before gRPC reads it.
type twist struct {
	handle  func() grpc.UnaryServerInterceptor
	headers func(*http.Request) *http.Request
}

// prove proves the server that acme is after the twist.
func (w twist) prove(r *kittest.Recorder, opts ...conformance.Option) {
	conformance.Prove(r, w.launch, acmeConfiguration, &acmeProvider{}, opts...)
}

// launch serves over HTTP/2 of net/http, which lets what comes be changed.
func (w twist) launch(watch *conformance.Watch) (*conformance.Process, error) {
	before := goleak.IgnoreCurrent()
	dir, err := os.MkdirTemp("", "kit")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	plugin := serve.NewServer(newAcme, serve.Options{Logger: slog.New(slog.NewJSONHandler(watch, nil))})
	var options []grpc.ServerOption
	if w.handle != nil {
		options = append(options, grpc.UnaryInterceptor(w.handle()))
	}
	g := grpc.NewServer(options...)
	plugin.Register(g)
	server := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.headers != nil {
			r = w.headers(r)
		}
		g.ServeHTTP(rw, r)
	})}
	server.Protocols.SetUnencryptedHTTP2(true)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient("unix:"+filepath.Join(dir, "s"),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUnaryInterceptor(watch.Intercept))
	if err != nil {
		return nil, errors.Join(err, server.Close(), os.RemoveAll(dir))
	}
	return &conformance.Process{
		Client: client.New(conn),
		Stop: func() error {
			err := errors.Join(conn.Close(), server.Shutdown(context.Background()))
			g.Stop() // waits for the calls
			plugin.Close()
			<-served
			return errors.Join(err, os.RemoveAll(dir))
		},
		Kill:      func() { _ = server.Close() },
		Left:      func() error { return goleak.Find(before) },
		Files:     func() int { return 0 },
		Processor: func() time.Duration { return 0 },
	}, nil
}
