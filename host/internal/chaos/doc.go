// Package chaos is a campaign against the promises, with the real programs:
// payments, captures, payouts and notices under load while plugins, hosts and
// the database are killed at random moments, hosts are stopped and go on,
// commits lose their acknowledgement, the database is read-only for a while,
// and the providers lose answers, stall, repeat themselves and tell things out
// of order. In the long one the hosts' clocks are apart as well: one is ahead,
// the other is set back and forth. Merchants believe what they are told: an
// order that is said not to have happened is made anew under another key.
// Afterwards an operator resolves from the providers' books what nothing else
// can, and then everything that the hosts recorded is held against the books.
//
// A short one is part of the tests; `make chaos` makes a long one. Its seed is
// printed, and the same seed gives the same plan of kills, faults and requests;
// how they meet is the scheduler's.
package chaos
