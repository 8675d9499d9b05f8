package scaffold

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Todo is one numbered step of the work.
type Todo struct {
	Number int    `json:"number"`
	File   string `json:"file"` // with slashes, relative to the folder
	Line   int    `json:"line"`
	Text   string `json:"text"` // its first sentence
}

var (
	todoLine    = regexp.MustCompile(`^\s*// TODO\(([0-9]+)\): (.*)$`)
	sentenceEnd = regexp.MustCompile(`[.:;?] `)
)

// todosOf returns the steps in the files, in the order of their numbers.
func todosOf(files map[string][]byte) []Todo {
	var list []Todo
	for name, text := range files {
		lines := strings.Split(string(text), "\n")
		for i, line := range lines {
			found := todoLine.FindStringSubmatch(line)
			if found == nil {
				continue
			}
			number, _ := strconv.Atoi(found[1]) // digits
			list = append(list, Todo{
				Number: number,
				File:   name,
				Line:   i + 1,
				Text:   firstSentence(found[2], lines[i+1:]),
			})
		}
	}

	slices.SortFunc(list, func(a, b Todo) int { return a.Number - b.Number })
	return list
}

// firstSentence returns the first sentence of a comment whose first line is
// text.
func firstSentence(text string, rest []string) string {
	for _, line := range rest {
		more, comment := strings.CutPrefix(strings.TrimSpace(line), "// ")
		if !comment {
			break
		}
		text += " " + more
	}

	if end := sentenceEnd.FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}

	return strings.TrimRight(text, ".")
}
