//go:build !race

package simulation

// defaultStories is how many stories the tests tell.
const defaultStories = 10_000
