package provider

import "github.com/payhost/payhost/host/internal/plugin"

// running is one process and the leases on it.
type running struct {
	proc  *plugin.Process
	tally tally
}
