// Package plain is a go-plugin as its documentation shows one: generated
// messages, AutoMTLS, and nothing of ours around the call. It is what the
// host's way of calling is measured against. The contract's messages are found
// by their names, so that both ways carry the same bytes.
package plain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/payhost/payhost/sdk/client" // registers the contract's messages
)

// Cookie is the environment variable by which a program finds that it was
// started as this plugin.
const Cookie = "PAYHOST_BENCH_PLAIN"

const (
	name      = "plain"
	service   = "payhost.bench.Plain"
	createURL = "/" + service + "/CreatePayment"
	contract  = "payhost.provider.v1."
)

const answerText = `{"payment": {"providerReference": "pay_bench",
	"status": "PAYMENT_STATUS_REQUIRES_ACTION",
	"nextAction": {"redirect": {"url": "https://pay.example/pay_bench"}}}}`

var handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   Cookie,
	MagicCookieValue: "yes",
}

// Started reports whether this process was started as the plugin.
func Started() bool { return os.Getenv(Cookie) != "" }

// Serve runs the plugin, until its host ends it.
func Serve() error {
	answer, err := read("CreatePaymentResponse", answerText)
	if err != nil {
		return err
	}
	request, err := kind("CreatePaymentRequest")
	if err != nil {
		return err
	}

	served := &bridge{request: request, answer: answer}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         plugin.PluginSet{name: served},
		GRPCServer:      plugin.DefaultGRPCServer,
		Logger:          hclog.NewNullLogger(),
	})

	return nil
}

// Open starts a program as the plugin. create makes one call with this request,
// which is JSON of the contract's message. The caller must call end.
func Open(program, request string) (
	create func(context.Context) error,
	end func(),
	err error,
) {
	message, err := read("CreatePaymentRequest", request)
	if err != nil {
		return nil, nil, err
	}
	response, err := kind("CreatePaymentResponse")
	if err != nil {
		return nil, nil, err
	}

	started := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          plugin.PluginSet{name: &bridge{}},
		Cmd:              exec.Command(program),
		AutoMTLS:         true,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})

	conn, err := dispense(started)
	if err != nil {
		started.Kill()
		return nil, nil, err
	}

	create = func(ctx context.Context) error {
		// Every call has a message of its own, as a caller would make it.
		return conn.Invoke(ctx, createURL, proto.Clone(message), response.New().Interface())
	}

	return create, started.Kill, nil
}

func dispense(started *plugin.Client) (*grpc.ClientConn, error) {
	protocol, err := started.Client()
	if err != nil {
		return nil, err
	}
	raw, err := protocol.Dispense(name)
	if err != nil {
		return nil, err
	}

	conn, ok := raw.(*grpc.ClientConn)
	if !ok {
		return nil, fmt.Errorf("dispensed a %T", raw)
	}

	return conn, nil
}

// bridge is both ends of the plugin.
type bridge struct {
	plugin.NetRPCUnsupportedPlugin
	request protoreflect.MessageType
	answer  proto.Message
}

// GRPCClient returns the connection.
func (*bridge) GRPCClient(
	_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn,
) (any, error) {
	return conn, nil
}

// GRPCServer registers a service as generated code does.
func (b *bridge) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	if b.answer == nil {
		return errors.New("this is the host's end")
	}

	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "CreatePayment", Handler: b.create}},
	}, b)

	return nil
}

//nolint:revive // gRPC's signature of a handler
func (b *bridge) create(
	_ any,
	_ context.Context,
	decode func(any) error,
	_ grpc.UnaryServerInterceptor,
) (any, error) {
	if err := decode(b.request.New().Interface()); err != nil {
		return nil, err
	}
	return proto.Clone(b.answer), nil
}

func kind(message protoreflect.FullName) (protoreflect.MessageType, error) {
	return protoregistry.GlobalTypes.FindMessageByName(contract + message)
}

func read(message protoreflect.FullName, text string) (proto.Message, error) {
	found, err := kind(message)
	if err != nil {
		return nil, err
	}
	made := found.New().Interface()
	return made, protojson.Unmarshal([]byte(text), made)
}
