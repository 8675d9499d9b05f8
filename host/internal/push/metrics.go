package push

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// scrapeTimeout bounds how long a scrape waits for the store.
const scrapeTimeout = 2 * time.Second

// theEndpoint is the name of the target of [events] url.
const theEndpoint = "default"

var (
	byEndpoint = []string{"endpoint"}

	pendingDesc = prometheus.NewDesc("payhost_events_pending",
		"Events that wait to be pushed.", byEndpoint, nil)
	deadDesc = prometheus.NewDesc("payhost_events_dead",
		"Events whose pushing was given up: payhost dead-letters.", byEndpoint, nil)
	ageDesc = prometheus.NewDesc(
		"payhost_events_oldest_seconds",
		"For how long the oldest event has waited to be pushed; 0 when none waits.",
		byEndpoint,
		nil,
	)
)

// collector reads the backlog when it is scraped. It reports no figures when
// the store does not answer.
type collector struct{ letters *DeadLetters }

// Collector returns the backlog as metrics.
func Collector(l *DeadLetters) prometheus.Collector { return collector{l} }

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- pendingDesc
	ch <- deadDesc
	ch <- ageDesc
}

func (c collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	backlog, err := c.letters.Backlog(ctx)
	if err != nil {
		return
	}

	age := 0.0
	if !backlog.Oldest.IsZero() {
		age = c.letters.now().Sub(backlog.Oldest).Seconds()
	}
	gauge := func(desc *prometheus.Desc, value float64) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, theEndpoint)
	}

	gauge(pendingDesc, float64(backlog.Pending))
	gauge(deadDesc, float64(backlog.Dead))
	gauge(ageDesc, age)
}
