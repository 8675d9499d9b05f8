package config

import "strings"

// suggest returns the known name that the operator most likely meant; "" when
// none is close. Close is one edit in four letters and two at most, with two
// swapped neighbors as one edit. Case, and "-" in place of "_", do not count.
func suggest(name string, known []string) string {
	plain := strings.ReplaceAll(strings.ToLower(name), "-", "_")
	if len(plain) > 64 {
		return ""
	}
	best, distance := "", min(len(plain)/4, 2)+1
	// A short name may have one edit as well.
	if len(plain) >= 2 {
		distance = max(distance, 2)
	}

	for _, k := range known {
		if d := edits(plain, k); d < distance {
			best, distance = k, d
		}
	}

	return best
}

// edits returns the number of letters to insert, remove, change or swap with a
// neighbor to get from a to b.
func edits(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}

	// Each row is computed from the two before it, so only three are kept.
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i

		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}

	return row[len(b)]
}
