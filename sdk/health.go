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
	// CheckHealth asks cheaply whether credentials and provider work. It moves
	// no money and changes nothing.
	CheckHealth(context.Context) (Health, error)
}

// HealthOf says what the end of a cheap call means for people: a refusal is
// HealthDegraded (the provider answers, but not as it should), anything else
// that failed HealthUnreachable. That the provider is away is an answer and no
// error.
func HealthOf(err error) Health {
	switch e := AsError(err); {
	case e == nil:
		return Health{State: HealthHealthy}
	case e.Outcome == OutcomeRefused:
		return Health{State: HealthDegraded, Message: e.Error()}
	default:
		return Health{State: HealthUnreachable, Message: e.Error()}
	}
}
