// Package payment holds what a host tells the world of payments, payouts and
// refunds: their statuses, requests, records and errors. The types are the JSON
// of the HTTP API as well, field for field.
package payment
