package scaffold

import (
	"embed"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

//go:embed template
var template embed.FS

// What stands in the template for the new provider's. They are replaced in one
// pass, the longer one first.
const (
	templatePath = "example.com/acme"
	templateName = "acme"
)

// render returns the files of the folder, by their names with slashes.
func (p *plan) render() (map[string][]byte, error) {
	replacer := strings.NewReplacer(
		templatePath,
		p.path,
		templateName,
		p.Name,
		"Acme",
		strings.ToUpper(p.Name[:1])+p.Name[1:],
		"ACME",
		strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_")),
	)

	files := map[string][]byte{}
	err := fs.WalkDir(
		template,
		"template",
		func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := template.ReadFile(name)
			if err != nil {
				return err
			}

			name = strings.TrimSuffix(strings.TrimPrefix(name, "template/"), ".txt")
			text = []byte(replacer.Replace(string(text)))
			if path.Ext(
				name,
			) == ".go" { // another name's length changes what lines up with what
				if text, err = format.Source(text); err != nil {
					return fmt.Errorf("the template's %s: %w", name, err)
				}
			}

			files[name] = text
			return nil
		},
	)
	if err != nil {
		return nil, err
	}

	if p.registry != "" {
		delete(files, "README.md")               // the repository's own documents say it
		delete(files, "simulator/serve/main.go") // plugins/sandbox serves them all
		return files, nil
	}

	return files, p.addModule(files)
}

// addModule makes the folder a Go module. One that uses Payhost's source on
// this machine gets all of its requirements, so that it builds without asking
// anybody; the other learns them from `go mod tidy`.
func (p *plan) addModule(files map[string][]byte) error {
	version := strings.TrimPrefix(runtime.Version(), "go")
	text := "module " + p.path + "\n\ngo " + goVersion(version) + "\n"
	if p.sdk != "" {
		theirs, err := os.ReadFile(filepath.Join(p.sdk, "go.mod"))
		if err != nil {
			return err
		}
		if v := goLine.FindSubmatch(theirs); v != nil {
			version = string(v[1])
		}

		text = "module " + p.path + "\n\ngo " + version + "\n\nrequire " + payhost + " v0.0.0\n\n" +
			"replace " + payhost + " => " + strconv.Quote(
			filepath.ToSlash(p.sdk),
		) + "\n"
		for _, block := range requireBlock.FindAll(theirs, -1) {
			text += "\n" + string(block) + "\n"
		}

		if files["go.sum"], err = os.ReadFile(filepath.Join(p.sdk, "go.sum")); err != nil {
			return err
		}
	}

	files["go.mod"] = []byte(text)
	files[".gitignore"] = []byte("/" + p.Name + "\n/" + p.Name + "@*\n")
	return nil
}

var (
	goLine       = regexp.MustCompile(`(?m)^go\s+(\S+)`)
	requireBlock = regexp.MustCompile(`(?ms)^require \(.*?^\)`)
	released     = regexp.MustCompile(`^[0-9]+\.[0-9]+`)
)

// goVersion keeps what a go.mod may say of a toolchain's name: a release's
// first two numbers.
func goVersion(version string) string { return released.FindString(version) }

// Todo is one numbered step of the work.
type Todo struct {
	Number int    `json:"number"`
	File   string `json:"file"` // with slashes, relative to the folder
	Line   int    `json:"line"`
	Text   string `json:"text"` // its first sentence
}

var todoLine = regexp.MustCompile(`^\s*// TODO\(([0-9]+)\): (.*)$`)

// todosOf finds them in the order of their numbers.
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
			list = append(
				list,
				Todo{number, name, i + 1, firstSentence(found[2], lines[i+1:])},
			)
		}
	}

	slices.SortFunc(list, func(a, b Todo) int { return a.Number - b.Number })
	return list
}

// firstSentence reads on through the comment that a TODO begins.
func firstSentence(text string, rest []string) string {
	for _, line := range rest {
		more, comment := strings.CutPrefix(strings.TrimSpace(line), "// ")
		if !comment {
			break
		}
		text += " " + more
	}

	if end := regexp.MustCompile(`[.:;?] `).FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}

	return strings.TrimRight(text, ".")
}
