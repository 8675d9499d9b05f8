package archtest

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

var (
	// link is the target of a Markdown link.
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// named is a path that a document writes as code, from the top of the
	// repository.
	named = regexp.MustCompile("`((?:host|sdk|internal|tools|plugins|docs|deploy|examples)/[A-Za-z0-9_./-]+)`")
	// heading is a Markdown heading; its anchor is made from its words.
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	noWord  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// deadLinks finds what the documents of a tree point to and what is not there.
func deadLinks(tree fs.FS) (found []offence) {
	const why = "a reader follows it at the moment when they need it"
	_ = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name != ".") && (ignored(entry.Name()) || (entry.Name() == "node_modules")):
			return fs.SkipDir
		case path.Ext(name) != ".md":
			return nil
		}

		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if !reaches(tree, name, match[1]) {
				found = append(found, offence{name, "links to " + match[1] + ", which is not there", why})
			}
		}
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			if _, err := fs.Stat(tree, strings.TrimSuffix(match[1], "/")); err != nil {
				found = append(found, offence{name, "names " + match[1] + ", which is not there", why})
			}
		}
		return nil
	})
	return found
}

// reaches reports whether the link to target in a document leads somewhere.
// Addresses elsewhere are not tried.
func reaches(tree fs.FS, from, target string) bool {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return true
	}

	file, anchor, hasAnchor := strings.Cut(target, "#")
	to := from
	if file != "" {
		to = path.Join(path.Dir(from), file)
	}
	if _, err := fs.Stat(tree, to); err != nil {
		return false
	}
	if !hasAnchor || (path.Ext(to) != ".md") {
		return true
	}

	text, err := fs.ReadFile(tree, to)
	if err != nil {
		return false
	}
	for _, match := range heading.FindAllStringSubmatch(string(text), -1) {
		if anchorOf(match[1]) == anchor {
			return true
		}
	}
	return false
}

// anchorOf returns the anchor of a heading as code hosts make it.
func anchorOf(words string) string {
	return strings.ReplaceAll(noWord.ReplaceAllString(strings.ToLower(words), ""), " ", "-")
}

func TestDocumentsLeadSomewhere(t *testing.T) {
	for _, o := range deadLinks(os.DirFS("../..")) {
		t.Error(o)
	}
}

func TestDocumentsLeadSomewhereBites(t *testing.T) {
	for text, want := range map[string]int{
		"[a](b.md)":               0,
		"[a](b.md#what-it-is)":    0,
		"[a](#here-it-is)":        0,
		"[a](https://a.example/)": 0,
		"`host/open.go`":          0,
		"`host/`":                 0,
		"[a](c.md)":               1,
		"[a](b.md#else)":          1,
		"[a](#else)":              1,
		"`host/close.go`":         1,
	} {
		tree := fstest.MapFS{
			"docs/a.md":    {Data: []byte("# Here, it is\n" + text)},
			"docs/b.md":    {Data: []byte("## What it is\n")},
			"host/open.go": {Data: []byte("package host\n")},
		}
		if found := deadLinks(tree); len(found) != want {
			t.Errorf("%s: %s", text, fmt.Sprint(found))
		}
	}
}
