package serve

import (
	"context"
	"errors"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/payhost/payhost/sdk/internal/wire"
)

// serverPlugin makes go-plugin serve a Server.
type serverPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	server *Server
}

// pluginSets returns the contract versions that a plugin serves.
func pluginSets(s *Server) map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{wire.ContractVersion: {wire.PluginName: &serverPlugin{server: s}}}
}

func (p *serverPlugin) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	p.server.Register(g)
	return nil
}

// GRPCClient is what go-plugin calls in hosts alone.
func (*serverPlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("a plugin does not call the contract")
}
