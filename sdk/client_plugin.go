package sdk

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// ContractVersion is the version of the contract that this package speaks, which go-plugin negotiates.
const ContractVersion = 1

// PluginName is what hosts dispense: the result is a *Client.
const PluginName = "provider"

// Handshake lets a program see that a Payhost host has started it. It is no secret and protects nothing.
var Handshake = plugin.HandshakeConfig{
	MagicCookieKey:   "PAYHOST_PLUGIN",
	MagicCookieValue: "payhost.provider",
}

// VersionedPlugins is what a host puts into go-plugin's ClientConfig: all the contract versions that it can speak.
func VersionedPlugins() map[int]plugin.PluginSet { return pluginSets(nil) }

// pluginSets has the server in plugins, and nil in hosts.
func pluginSets(s *Server) map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{ContractVersion: {PluginName: &grpcPlugin{server: s}}}
}

// grpcPlugin makes go-plugin use our service.
type grpcPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	server *Server
}

func (p *grpcPlugin) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	p.server.Register(g)
	return nil
}

// GRPCClient gets a context that ends with the process.
func (p *grpcPlugin) GRPCClient(ctx context.Context, _ *plugin.GRPCBroker, cc *grpc.ClientConn) (any, error) {
	c := NewClient(cc)
	c.done = ctx.Done()
	return c, nil
}
