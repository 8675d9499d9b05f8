//go:build !linux

package plugin

// TrySystemCalls does nothing here: nothing of the kind is called.
func TrySystemCalls() {}
