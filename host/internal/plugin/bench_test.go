//go:build linux

package plugin_test

import (
	"context"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
)

// What confines a plugin costs its start and its calls next to nothing.
func BenchmarkConfinement(b *testing.B) {
	for _, c := range []struct {
		name   string
		change func(*stage)
	}{
		{"with", func(*stage) {}}, {"without", func(s *stage) { s.workspace.WithoutFilter() }},
	} {
		b.Run("start/"+c.name, func(b *testing.B) {
			s := newStage(b)
			c.change(s)
			spec := s.spec()

			for b.Loop() {
				p, err := plugin.Start(context.Background(), spec)
				if err != nil {
					b.Fatal(err)
				}
				p.Stop(5 * time.Second)
			}
		})

		b.Run("call/"+c.name, func(b *testing.B) {
			s, provider := newStage(b), newProvider(b)
			c.change(s)
			a := s.account(s.start(), provider.URL)
			for b.Loop() {
				if said := invoke(b, a); said != "" {
					b.Fatal(said)
				}
			}
		})
	}
}
