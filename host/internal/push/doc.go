// Package push delivers the events of a host to the operator's service, by
// POST, signed as Standard Webhooks (https://www.standardwebhooks.com).
//
// Push follows the stream of events. An event is in the stream in the same
// transaction as the change that it reports. A pass of push enqueues the new
// events of the stream as deliveries, claims those that are due, sends them,
// and records the outcome of each. So an event is sent at least once, even when
// this host dies at any point of a pass: its claim runs out, and the event is
// sent again under the same webhook-id. Several hosts on one database share the
// work; a delivery is claimed by one of them at a time.
//
// The events of one payment are sent in order: a later one waits until the
// earlier one has arrived or was given up. Different payments do not wait for
// each other, and at most sendAtOnce requests of a host are under way.
package push
