package conformance

// Reporter hears what the cases find.
type Reporter interface {
	// Run calls f with a reporter for the named part and returns when f has ended.
	Run(name string, f func(Reporter))
	Logf(format string, args ...any)
	// Errorf marks the part as failed and lets it go on.
	Errorf(format string, args ...any)
	// FailNow ends the part: it runs deferred calls and does not return.
	FailNow()
}
