package plugintest

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/serve"
)

// Contract is a version of the contract for tests: the messages of v1 under a
// service name of its own, so that a call by the wrong version gets no answer.
// Version 1 is the real one. Plugins have Serves set, hosts do not.
type Contract struct {
	plugin.NetRPCUnsupportedPlugin
	Version int
	Serves  *serve.Server
}

// Contracts returns go-plugin's sets for several versions at once, as
// client.VersionedPlugins does for the released ones.
func Contracts(server *serve.Server, versions ...int) map[int]plugin.PluginSet {
	sets := map[int]plugin.PluginSet{}
	for _, version := range versions {
		contract := &Contract{Version: version, Serves: server}
		sets[version] = plugin.PluginSet{client.PluginName: contract}
	}
	return sets
}

// GRPCServer serves the version in a plugin.
func (c *Contract) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	c.Serves.Register(registrar{g, c.Version})
	return nil
}

// GRPCClient speaks the version in a host. It returns a *client.Client, as that
// of every version must.
func (c *Contract) GRPCClient(
	_ context.Context,
	_ *plugin.GRPCBroker,
	conn *grpc.ClientConn,
) (any, error) {
	return client.New(connection{conn, c.Version}), nil
}

// ofVersion returns a service's or method's name in another version.
func ofVersion(name string, version int) string {
	return strings.Replace(name, ".v1.", fmt.Sprintf(".v%d.", version), 1)
}

// registrar registers v1's service under the version's name, and has GetInfo
// say that version.
type registrar struct {
	server  *grpc.Server
	version int
}

func (r registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	own := *desc
	own.ServiceName = ofVersion(desc.ServiceName, r.version)
	own.Methods = append([]grpc.MethodDesc(nil), desc.Methods...)

	for n, method := range own.Methods {
		if method.MethodName == "GetInfo" {
			own.Methods[n].Handler = r.getInfo(method)
		}
	}

	r.server.RegisterService(&own, impl)
}

// getInfo returns the handler of GetInfo with the version in its answer.
func (r registrar) getInfo(method grpc.MethodDesc) grpc.MethodHandler {
	return func(
		server any,
		ctx context.Context,
		decode func(any) error,
		next grpc.UnaryServerInterceptor,
	) (any, error) {
		answer, err := method.Handler(server, ctx, decode, next)
		if err == nil { // by its name: the generated type is the sdk's alone
			field := reflect.ValueOf(answer).Elem().FieldByName("ContractVersion")
			field.SetInt(int64(r.version))
		}
		return answer, err
	}
}

// connection calls the version's service where v1's is asked for.
type connection struct {
	*grpc.ClientConn
	version int
}

func (c connection) Invoke(
	ctx context.Context,
	method string,
	args, reply any,
	opts ...grpc.CallOption,
) error {
	return c.ClientConn.Invoke(ctx, ofVersion(method, c.version), args, reply, opts...)
}
