package sdk

import "context"

// HealthState informs people; it never restarts or blocks anything.
type HealthState string

// The states of an account's health.
const (
	HealthHealthy     HealthState = "healthy"
	HealthDegraded    HealthState = "degraded"    // the provider answers, but not as it should
	HealthUnreachable HealthState = "unreachable" // the provider does not answer
)

// Health is what CheckHealth found.
type Health struct {
	State   HealthState
	Message string // for operators, without secrets
}

// HealthChecker is CapabilityCheckHealth.
type HealthChecker interface {
	// CheckHealth asks cheaply whether credentials and provider work. It moves no money and changes nothing.
	CheckHealth(context.Context) (Health, error)
}
