//go:build race

package simulation

// defaultStories is fewer where the race detector makes everything several
// times as slow.
const defaultStories = 300
