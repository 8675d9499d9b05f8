// Package chaos is a campaign against the promises: payments, payouts and notices under load while plugins, hosts and the
// database are killed at random moments and the providers lose answers, stall, repeat themselves and tell things out of
// order. Afterwards the books of the simulated providers say what really happened, and everything that the hosts recorded
// is held against them.
//
// A short one is part of the tests; `make chaos` makes a long one. Its seed is printed, and the same seed gives the same
// plan of kills, faults and requests; how they meet is the scheduler's.
package chaos
