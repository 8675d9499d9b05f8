// Package payment has the types with which a service speaks to a host: requests
// and records of payments, payouts and refunds, their statuses, events,
// webhooks, the state of providers, and errors. They are the JSON of the HTTP
// API as well, field for field.
package payment
