// Package push delivers the events of a host to a service of its user, by POST,
// signed as Standard Webhooks (https://www.standardwebhooks.com).
//
// The stream of events is the truth; push follows it. An event is in the stream
// in the same transaction as the change that it reports. A round of push takes
// up what is new in the stream as deliveries, claims those whose time has come,
// sends them, and records what became of each. So an event is sent at least
// once, also when this host dies at any point of that: the claim of a host that
// does not come back runs out, and the event is sent again under the same
// webhook-id. Several hosts on one database share the work; a delivery is
// claimed by one of them at a time.
//
// The events of one payment go out in order: a later one waits until the
// earlier one has arrived or was given up. Different payments do not wait for
// each other, and at most sendAtOnce requests of a host are under way.
package push
