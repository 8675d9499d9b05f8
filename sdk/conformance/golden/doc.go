// Package golden keeps one call to a plugin in a file: the host's request, what
// the plugin said to its provider, the provider's answers, and what the plugin
// made of them. "payhost plugin call … --record FILE" writes such a file
// against the provider's sandbox, in whatever language the plugin is written. A
// test then plays the provider's part from it, and fails when the plugin no
// longer says the same.
//
// In a Go test that is one line, providertest.Replay; this package has the file
// and the player behind it.
//
// A file holds no secret: a masked one reads [secret] in it, and stands for any
// text when it is compared. Headers are not in it, for exchanges do not carry
// them over the contract. Varying tells the player what else changes from call
// to call, such as a time or a signature over it.
package golden
