// Package conformance runs the conformance kit on a plugin's program. It starts
// the program as a host does, checked, confined and over AutoMTLS, and reports
// what the cases find.
package conformance
