package release

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// Sort returns the versions, the newest last: semantic ones by their rules, after
// all others.
func Sort(versions []string) []string {
	sorted := slices.Clone(versions)
	slices.SortFunc(sorted, Compare)
	return sorted
}

// Compare compares two versions as Sort orders them.
func Compare(a, b string) int {
	if order := semver.Compare(canonical(a), canonical(b)); order != 0 {
		return order
	}
	return strings.Compare(a, b)
}

// canonical writes a version with the "v" that package semver asks for.
func canonical(version string) string { return "v" + strings.TrimPrefix(version, "v") }

// Newest returns the newest version of a plugin that a place has. A version
// before its release, such as 2.0.0-rc.1, counts only when there is no other.
func Newest(ctx context.Context, from Place, plugin string) (string, error) {
	versions, err := from.Versions(ctx, plugin)
	if err != nil {
		return "", err
	}
	if len(versions) == 0 {
		return "", fmt.Errorf("%s has no version of %s", from, plugin)
	}

	sorted := Sort(versions)
	for i := len(sorted) - 1; i >= 0; i-- {
		if semver.Prerelease(canonical(sorted[i])) == "" {
			return sorted[i], nil
		}
	}
	return sorted[len(sorted)-1], nil
}
