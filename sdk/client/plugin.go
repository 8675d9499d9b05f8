package client

import (
	"context"
	"errors"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

var _ plugin.GRPCPlugin = (*clientPlugin)(nil)

// VersionedPlugins is what a host puts into go-plugin's ClientConfig: all the
// contract versions that it can speak.
func VersionedPlugins() map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{
		ContractVersion: {PluginName: &clientPlugin{}},
	}
}

// clientPlugin makes go-plugin dispense a Client.
type clientPlugin struct {
	plugin.NetRPCUnsupportedPlugin
}

// GRPCServer is called in plugins alone.
func (*clientPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("a host does not serve the contract")
}

// GRPCClient gets a context that ends with the process.
func (*clientPlugin) GRPCClient(
	ctx context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn,
) (any, error) {
	dispensed := New(conn)
	dispensed.done = ctx.Done()
	return dispensed, nil
}
