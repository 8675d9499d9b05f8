//go:build !race

package providertest

const raceFactor = 1
