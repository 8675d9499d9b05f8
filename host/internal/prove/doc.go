// Package prove runs the conformance kit on a plugin's program: it starts the program as a host does, checked, confined
// and over AutoMTLS, and writes down what the cases find.
package prove
