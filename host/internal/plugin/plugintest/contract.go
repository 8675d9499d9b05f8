package plugintest

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/payhost/payhost/sdk"
)

// Contract is a version of the contract for tests: the messages of v1 under a
// service name of its own, so that a call which takes the wrong version's way
// is answered by nobody. Version 1 is the real one. Plugins have Serves set,
// hosts do not.
type Contract struct {
	plugin.NetRPCUnsupportedPlugin
	Version int
	Serves  *sdk.Server
}

// Contracts gives go-plugin's sets for several versions at once, as
// sdk.VersionedPlugins does for the released ones.
func Contracts(s *sdk.Server, versions ...int) map[int]plugin.PluginSet {
	sets := map[int]plugin.PluginSet{}
	for _, v := range versions {
		sets[v] = plugin.PluginSet{sdk.PluginName: &Contract{Version: v, Serves: s}}
	}
	return sets
}

// GRPCServer serves the version in a plugin.
func (c *Contract) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	c.Serves.Register(registrar{g, c.Version})
	return nil
}

// GRPCClient speaks the version in a host. What it gives is what every
// version's has to be: an *sdk.Client.
func (c *Contract) GRPCClient(
	_ context.Context,
	_ *plugin.GRPCBroker,
	cc *grpc.ClientConn,
) (any, error) {
	return sdk.NewClient(connection{cc, c.Version}), nil
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
	d := *desc
	d.ServiceName = ofVersion(d.ServiceName, r.version)
	d.Methods = append([]grpc.MethodDesc(nil), desc.Methods...)

	for i, m := range d.Methods {
		if m.MethodName != "GetInfo" {
			continue
		}
		d.Methods[i].Handler = func(srv any, ctx context.Context, dec func(any) error, next grpc.UnaryServerInterceptor) (any, error) {
			answer, err := m.Handler(srv, ctx, dec, next)
			if err == nil { // by its name: the generated type is the sdk's alone
				reflect.ValueOf(answer).
					Elem().
					FieldByName("ContractVersion").
					SetInt(int64(r.version))
			}
			return answer, err
		}
	}

	r.server.RegisterService(&d, impl)
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
