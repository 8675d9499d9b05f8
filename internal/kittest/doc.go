// Package kittest proves the conformance kit itself. A case that finds nothing may have nothing to find, or may not look:
// so each has plugins that are wrong on purpose, in one way each, and must catch them. CASES.md beside the kit lists all
// cases with theirs.
//
// The wrong ones are in two places. What an author can get wrong is in plugins/reference, on top of the provider that
// keeps the contract. What the SDK sees to in Go, and a plugin in another language must see to itself, is in the kit's
// own tests, as servers that do to a right plugin's answers what no plugin in Go can.
package kittest
