package serve

import (
	"context"
	"fmt"
	"log/slog"
)

// maskHandler masks secrets in everything that a record says, then hands it on.
type maskHandler struct {
	next slog.Handler
	mask func(string) string
}

func (h maskHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h maskHandler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, h.mask(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

// WithAttrs masks once, for all the records to come: secrets that are configured later are masked in records only.
func (h maskHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a)
	}
	return maskHandler{next: h.next.WithAttrs(clean), mask: h.mask}
}

func (h maskHandler) WithGroup(name string) slog.Handler {
	return maskHandler{next: h.next.WithGroup(name), mask: h.mask}
}

// attr resolves what is computed late, because it could come to a secret.
func (h maskHandler) attr(a slog.Attr) slog.Attr {
	value := a.Value.Resolve()
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
		// What the value would show is known only once it is text: %+v shows the most.
		value = slog.StringValue(h.mask(fmt.Sprintf("%+v", value.Any())))
	}
	return slog.Attr{Key: h.mask(a.Key), Value: value}
}
