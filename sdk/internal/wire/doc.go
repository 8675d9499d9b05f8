// Package wire converts between the author types of package sdk and the
// generated messages of the contract, and holds both ends to it: every answer
// is bounded, free text is cut and masked, and what breaks the contract is
// reported with the field that does.
//
// Package serve uses it in the plugin's process and package client in the
// host's. Each verb is one value of type Verb, in which all that differs from
// verb to verb stands together.
package wire
