//go:build !race

package simulation

// defaultStories is how many stories the tests tell. `make simulate` tells any
// number, and CI ten thousand.
const defaultStories = 2_000
