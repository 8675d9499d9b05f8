package telemetry

import (
	"context"
	"log/slog"

	"github.com/payhost/payhost/host/internal/caller"
)

type subjectKey struct{}

// About returns a context whose lines in the log name a payment, payout or refund.
func About(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, subjectKey{}, id)
}

// Logger returns a logger whose lines also name what their context is about: the
// request, its trace, and the payment, payout or refund. A line's own words stay.
func Logger(log *slog.Logger) *slog.Logger {
	return slog.New(correlated{log.Handler()})
}

// correlated is the handler of Logger.
type correlated struct{ slog.Handler }

// Handle adds what the record does not have.
func (h correlated) Handle(ctx context.Context, record slog.Record) error {
	has := map[string]bool{}
	record.Attrs(func(attr slog.Attr) bool {
		has[attr.Key] = true
		return true
	})
	id, _ := ctx.Value(subjectKey{}).(string)
	for _, one := range []struct{ key, value string }{
		{"id", id},
		{"request_id", caller.From(ctx).RequestID},
		{"trace_id", TraceID(ctx)},
	} {
		if one.value != "" && !has[one.key] {
			record.AddAttrs(slog.String(one.key, one.value))
		}
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs keeps the handler in place.
func (h correlated) WithAttrs(attrs []slog.Attr) slog.Handler {
	return correlated{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the handler in place.
func (h correlated) WithGroup(name string) slog.Handler {
	return correlated{h.Handler.WithGroup(name)}
}
