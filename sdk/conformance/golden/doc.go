// Package golden keeps one call to a plugin in a file: what the host asked,
// what the plugin said to its provider, what the provider answered, and what
// the plugin made of it. "payhost plugin call … --record FILE" writes such a
// file, whatever language the plugin is written in, against the provider's
// sandbox; a test then plays the provider's part from it, and fails when the
// plugin no longer says the same.
//
// In a Go test it is one line, providertest.Replay; this package is the file
// and the player behind it.
//
// A file holds no secret: what was masked reads [secret] in it, and stands for
// anything when it is compared. Headers are not in it, for exchanges do not
// carry them over the contract. What else changes from call to call, such as a
// time or a signature over it, is named to the player with Varying.
package golden
