// Package kittest tests the conformance kit itself. A case that finds nothing
// may have nothing to find, or may not look: so each has plugins that are wrong
// on purpose, in one way each, and must catch them. CASES.md beside the kit
// lists all cases with theirs.
//
// The wrong plugins are in two places. Mistakes that an author can make are in
// plugins/reference, on top of the provider that keeps the contract. Mistakes
// that the SDK prevents in Go, and that a plugin in another language must
// prevent itself, are in the kit's own tests, as servers that do to a right
// plugin's answers what no plugin in Go can.
package kittest
