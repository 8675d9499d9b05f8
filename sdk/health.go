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

// Health is the result of CheckHealth.
type Health struct {
	State   HealthState
	Message string // for operators, without secrets
}

// HealthChecker is CapabilityCheckHealth.
type HealthChecker interface {
	// CheckHealth asks cheaply whether credentials and provider work: see
	// HealthOf. It moves no money and changes nothing. It informs people; nothing
	// is restarted or blocked by it.
	CheckHealth(context.Context) (Health, error)
}

// HealthOf returns the health that the end of a cheap call shows: a refusal is
// HealthDegraded (the provider answers, but not as it should), any other failure
// HealthUnreachable. A provider that is away is an answer, not an error.
func HealthOf(err error) Health {
	failure := AsError(err)
	switch {
	case failure == nil:
		return Health{State: HealthHealthy}
	case failure.Outcome == OutcomeRefused:
		return Health{State: HealthDegraded, Message: failure.Error()}
	default:
		return Health{State: HealthUnreachable, Message: failure.Error()}
	}
}
