package serve

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/payhost/payhost/sdk/correlation"
)

var _ slog.Handler = maskHandler{}

// maskHandler masks secrets in everything that a record says, then hands it on.
type maskHandler struct {
	next slog.Handler
	mask func(string) string
}

// Enabled asks the next handler.
func (h maskHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle masks the message, the keys and the values.
func (h maskHandler) Handle(ctx context.Context, record slog.Record) error {
	clean := slog.NewRecord(record.Time, record.Level, h.mask(record.Message), record.PC)
	record.Attrs(func(attr slog.Attr) bool {
		clean.AddAttrs(h.attr(attr))
		return true
	})
	if id := correlation.Of(ctx).ID; id != "" {
		clean.AddAttrs(slog.String("request_id", id))
	}
	return h.next.Handle(ctx, clean)
}

// WithAttrs masks once, for all the records to come: secrets that are
// configured later are masked in records only.
func (h maskHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, attr := range attrs {
		clean[i] = h.attr(attr)
	}
	return maskHandler{next: h.next.WithAttrs(clean), mask: h.mask}
}

// WithGroup passes the name on as it is: it is written in the plugin's code.
func (h maskHandler) WithGroup(name string) slog.Handler {
	return maskHandler{next: h.next.WithGroup(name), mask: h.mask}
}

// attr resolves what is computed late, because it could come to a secret.
func (h maskHandler) attr(attr slog.Attr) slog.Attr {
	value := attr.Value.Resolve()
	switch value.Kind() {
	case slog.KindString:
		value = slog.StringValue(h.mask(value.String()))
	case slog.KindGroup:
		var clean []slog.Attr
		for _, inner := range value.Group() {
			clean = append(clean, h.attr(inner))
		}
		value = slog.GroupValue(clean...)
	case slog.KindAny:
		// Only as text it is known what the value shows: %+v shows the most.
		value = slog.StringValue(h.mask(fmt.Sprintf("%+v", value.Any())))
	}
	return slog.Attr{Key: h.mask(attr.Key), Value: value}
}
