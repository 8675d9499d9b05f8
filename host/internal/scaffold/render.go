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
	"strconv"
	"strings"
)

//go:embed template
var template embed.FS

// These texts of the template stand for the new provider's. They are replaced
// in one pass, the longer one first.
const (
	templatePath = "example.com/acme"
	templateName = "acme"
)

// render returns the files of the folder, by their names with slashes.
func (p *plan) render() (map[string][]byte, error) {
	replacer := strings.NewReplacer(
		templatePath, p.path,
		templateName, p.Name,
		"Acme", strings.ToUpper(p.Name[:1])+p.Name[1:],
		"ACME", strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_")),
	)

	files := map[string][]byte{}
	err := fs.WalkDir(
		template,
		"template",
		func(name string, entry fs.DirEntry, err error) error {
			if (err != nil) || entry.IsDir() {
				return err
			}
			text, err := template.ReadFile(name)
			if err != nil {
				return err
			}

			name = strings.TrimSuffix(strings.TrimPrefix(name, "template/"), ".txt")
			files[name], err = finish(name, replacer.Replace(string(text)))
			return err
		},
	)
	if err != nil {
		return nil, err
	}

	// Inside the repository two files have another home.
	if p.registry != "" {
		delete(files, "README.md")               // the repository's own documents say it
		delete(files, "simulator/serve/main.go") // plugins/sandbox serves them all
		return files, nil
	}

	return files, p.addModule(files)
}

// finish formats Go code: a name of another length changes how columns line up.
func finish(name, text string) ([]byte, error) {
	if path.Ext(name) != ".go" {
		return []byte(text), nil
	}
	formatted, err := format.Source([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("the template's %s: %w", name, err)
	}
	return formatted, nil
}

var (
	goLine       = regexp.MustCompile(`(?m)^go\s+(\S+)`)
	requireBlock = regexp.MustCompile(`(?ms)^require \(.*?^\)`)
	released     = regexp.MustCompile(`^[0-9]+\.[0-9]+`)
)

// addModule makes the folder a Go module. The requirements of one that uses a
// published version are for "go mod tidy" to find out.
func (p *plan) addModule(files map[string][]byte) error {
	files[".gitignore"] = []byte("/" + p.Name + "\n/" + p.Name + "@*\n")
	if p.sdk != "" {
		return p.addLocalModule(files)
	}
	version := released.FindString(strings.TrimPrefix(runtime.Version(), "go"))
	files["go.mod"] = []byte("module " + p.path + "\n\ngo " + version + "\n")
	return nil
}

// addLocalModule makes a module that uses Payhost's source on this machine,
// with all of Payhost's requirements, so that it builds without the network.
func (p *plan) addLocalModule(files map[string][]byte) error {
	payhostMod, err := os.ReadFile(filepath.Join(p.sdk, "go.mod"))
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(p.sdk, "go.sum"))
	if err != nil {
		return err
	}

	version := released.FindString(strings.TrimPrefix(runtime.Version(), "go"))
	if found := goLine.FindSubmatch(payhostMod); found != nil {
		version = string(found[1])
	}

	// All requirements at first: tidy takes away what is not needed.
	source := strconv.Quote(filepath.ToSlash(p.sdk))
	text := "module " + p.path + "\n\n" +
		"go " + version + "\n\n" +
		"require " + payhost + " v0.0.0\n\n" +
		"replace " + payhost + " => " + source + "\n"
	for _, block := range requireBlock.FindAll(payhostMod, -1) {
		text += "\n" + string(block) + "\n"
	}

	files["go.mod"] = []byte(text)
	files["go.sum"] = sums
	return nil
}
