package plugin

import "github.com/payhost/payhost/sdk"

// Process is one running plugin.
type Process struct {
	client *sdk.Client
	info   sdk.Info
	done   chan struct{}
}

// Client makes calls to the plugin.
func (p *Process) Client() *sdk.Client { return p.client }

// Info is what the plugin said of itself when it started.
func (p *Process) Info() sdk.Info { return p.info }

// Done is closed as soon as the process or the connection to it is gone.
func (p *Process) Done() <-chan struct{} { return p.done }
