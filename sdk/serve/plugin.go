package serve

import (
	"context"
	"errors"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/payhost/payhost/sdk/internal/wire"
)

var _ plugin.GRPCPlugin = (*serverPlugin)(nil)

// serverPlugin makes go-plugin serve a Server.
type serverPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	server *Server
}

// pluginSets returns the contract versions that a plugin serves.
func pluginSets(server *Server) map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{
		wire.ContractVersion: {wire.PluginName: &serverPlugin{server: server}},
	}
}

// GRPCServer adds the contract's service.
func (p *serverPlugin) GRPCServer(_ *plugin.GRPCBroker, registrar *grpc.Server) error {
	p.server.Register(registrar)
	return nil
}

// GRPCClient is called in hosts alone.
func (*serverPlugin) GRPCClient(
	context.Context, *plugin.GRPCBroker, *grpc.ClientConn,
) (any, error) {
	return nil, errors.New("a plugin does not call the contract")
}
