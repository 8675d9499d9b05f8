package payment

import "time"

// ExportKind is what an export is of.
type ExportKind string

// The kinds.
const (
	ExportPayments ExportKind = "payments"
	ExportPayouts  ExportKind = "payouts"
	ExportRefunds  ExportKind = "refunds"
	ExportEvents   ExportKind = "events"
)

// ExportFormat is how an export is written.
type ExportFormat string

// The formats.
const (
	ExportCSV   ExportFormat = "csv"
	ExportJSONL ExportFormat = "jsonl"
)

// ExportRequest says what is exported. Only Kind must be set.
type ExportRequest struct {
	Kind ExportKind
	// From and To bound when the records were made; zero is the first of all,
	// and now. A record that was made at To is not in the export.
	From, To time.Time
	// Format is ExportCSV when it is empty.
	Format ExportFormat
}
