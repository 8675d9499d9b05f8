package push

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// scrapeTimeout bounds what a scrape waits for the store.
const scrapeTimeout = 2 * time.Second

var (
	pendingDesc = prometheus.NewDesc("payhost_events_pending", "Events that wait to be pushed.", nil, nil)
	deadDesc    = prometheus.NewDesc("payhost_events_dead", "Events whose pushing was given up: payhost dead-letters.", nil, nil)
	ageDesc     = prometheus.NewDesc("payhost_events_oldest_seconds", "For how long the oldest event has waited to be pushed; 0 when none waits.", nil, nil)
)

// collector reads the backlog when somebody looks. A store that does not answer gives no figures, which is what it knows.
type collector struct{ letters *DeadLetters }

// Collector gives the backlog as metrics.
func Collector(l *DeadLetters) prometheus.Collector { return collector{l} }

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- pendingDesc
	ch <- deadDesc
	ch <- ageDesc
}

func (c collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	b, err := c.letters.Backlog(ctx)
	if err != nil {
		return
	}
	age := 0.0
	if !b.Oldest.IsZero() {
		age = c.letters.now().Sub(b.Oldest).Seconds()
	}
	ch <- prometheus.MustNewConstMetric(pendingDesc, prometheus.GaugeValue, float64(b.Pending))
	ch <- prometheus.MustNewConstMetric(deadDesc, prometheus.GaugeValue, float64(b.Dead))
	ch <- prometheus.MustNewConstMetric(ageDesc, prometheus.GaugeValue, age)
}
