package supervisor

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/payhost/payhost/host/internal/plugin"
)

var (
	upDesc = prometheus.NewDesc("payhost_provider_up",
		"Whether a configured and enabled provider takes calls: 1, or 0.",
		[]string{"provider"}, nil)
	breakerDesc = prometheus.NewDesc("payhost_provider_breaker_open",
		"1 from when a breaker of the provider opens until an answer closes it, else 0.",
		[]string{"provider"}, nil)
	residentDesc = prometheus.NewDesc("payhost_plugin_resident_bytes",
		"Resident memory of the processes of a plugin's version, where the system tells.",
		[]string{"plugin", "version"}, nil)
)

// collector reads how accounts and processes stand when it is scraped.
type collector struct{ sup *Supervisor }

// Collector returns how the accounts and the processes stand as metrics.
func (s *Supervisor) Collector() prometheus.Collector { return collector{s} }

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- upDesc
	ch <- breakerDesc
	ch <- residentDesc
}

func (c collector) Collect(ch chan<- prometheus.Metric) {
	for _, a := range c.sup.all() {
		// A provider that is switched off is not down.
		status := a.status()
		if !status.Enabled {
			continue
		}
		gauge(ch, upDesc, oneIf(status.State == StateReady), a.name)

		held := (a.breaker.state() != closed) || (a.queryBreaker.state() != closed)
		gauge(ch, breakerDesc, oneIf(held), a.name)
	}

	for program, bytes := range c.sup.resident() {
		gauge(ch, residentDesc, float64(bytes), program.plugin, program.version)
	}
}

// shownProgram is a plugin's version as metrics name it.
type shownProgram struct{ plugin, version string }

// resident returns the memory of the running processes. Two programs of one
// version, such as one that drains beside one that was built again, are added
// up.
func (s *Supervisor) resident() map[shownProgram]int64 {
	s.mu.Lock()
	instances := make([]*instance, 0, len(s.instances))
	for _, inst := range s.instances {
		instances = append(instances, inst)
	}
	s.mu.Unlock()

	// A memory that is not known is left out: 0 bytes would be a figure.
	used := map[shownProgram]int64{}
	for _, inst := range instances {
		proc := inst.process()
		if proc == nil {
			continue
		}
		if bytes := plugin.Resident(proc.PID()); bytes > 0 {
			version := cmp.Or(proc.Info().Version, inst.program.Version)
			used[shownProgram{inst.program.Plugin, version}] += bytes
		}
	}

	return used
}

// closed is the state of a breaker that lets all calls through.
const closed = "closed"

func gauge(ch chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}
