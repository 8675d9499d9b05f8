package config

import "strconv"

func sameFloat(text string, f float64) bool {
	n, err := strconv.ParseFloat(text, 64)
	return err == nil && n == f
}
