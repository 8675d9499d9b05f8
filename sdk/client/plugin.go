package client

import (
	"context"
	"errors"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/payhost/payhost/sdk/internal/wire"
)

// VersionedPlugins is what a host puts into go-plugin's ClientConfig: all the contract versions that it can speak.
func VersionedPlugins() map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{wire.ContractVersion: {wire.PluginName: &clientPlugin{}}}
}

// clientPlugin makes go-plugin dispense a Client.
type clientPlugin struct {
	plugin.NetRPCUnsupportedPlugin
}

// GRPCServer is what go-plugin calls in plugins alone.
func (*clientPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("a host does not serve the contract")
}

// GRPCClient gets a context that ends with the process.
func (*clientPlugin) GRPCClient(ctx context.Context, _ *plugin.GRPCBroker, cc *grpc.ClientConn) (any, error) {
	c := New(cc)
	c.done = ctx.Done()
	return c, nil
}
