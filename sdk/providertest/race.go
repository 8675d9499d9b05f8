//go:build race

package providertest

// raceFactor is how many times slower the race detector makes a parser.
const raceFactor = 20
