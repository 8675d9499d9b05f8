// Package chaos tests the host's promises with the real programs, under faults.
// Payments, captures, payouts and webhooks run under load. Meanwhile plugins,
// hosts and the database are killed at random moments, hosts are stopped and
// continued, commits lose their acknowledgement, the database is read-only for a
// while, and the providers lose answers, stall, repeat themselves and report
// things out of order. In the long campaign the hosts' clocks differ as well: one
// is ahead, the other is set back and forth.
//
// Merchants believe the answers that they get: when an order is said not to have
// happened, they make it again under another key. Afterwards an operator resolves
// from the providers' books the payments that nothing else can resolve, and then
// everything that the hosts have recorded is compared with the books.
//
// A short campaign is part of the tests; `make chaos` runs a long one. It prints
// its seed. The same seed gives the same plan of kills, faults and requests; the
// scheduler decides how they meet.
package chaos
