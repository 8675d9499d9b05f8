// Package rehearsal tries a plugin's program with what has happened to a host:
// the stored webhooks and recorded exchanges of an account's last intents. It is
// "payhost plugin rehearse".
//
// Two programs are started as a host starts them, the one that serves the account
// and the candidate. Neither reaches a network: each may connect to one address,
// where a local server takes the provider's place and answers what the provider
// answered then. Nothing is written, and no money can move.
//
// The serving program goes first and last, the candidate between them. So what
// changes with the clock, or by chance, changes between the two runs of the
// serving program as well: exactly that is not compared. Everything else that the
// candidate does otherwise is a difference.
package rehearsal
