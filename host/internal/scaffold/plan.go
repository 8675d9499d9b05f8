package scaffold

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// plan is what Options mean on this machine.
type plan struct {
	Options
	folder   string // absolute
	shown    string // as the user would write it
	path     string // the import path of the folder
	registry string // absolute; "" outside of Payhost's repository
	sdk      string // absolute; "" uses a published version
}

var (
	pluginName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	modulePath = regexp.MustCompile(
		`^[A-Za-z0-9][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`,
	)
	moduleLine = regexp.MustCompile(`(?m)^module\s+(\S+)`)
)

// reserved names mean something else to the go command, belong to a program
// that is not a plugin, or are words of the contract: host and sdk speak of no
// provider by its name.
var reserved = []string{
	"account", "event", "host", "internal", "payhost", "payment", "payout", "plugin", "provider",
	"refund", "sandbox", "sdk", "simulator", "testdata", "vendor", "webhook",
}

// planFor returns the plan, and every reason why the options cannot be
// followed.
func planFor(options Options) (*plan, *Problems) {
	p := &plan{Options: options}
	problems := &Problems{}
	named := p.checkName(problems)
	if (p.Module != "") && !modulePath.MatchString(p.Module) {
		problems.wrong(
			"--module %q is no module path, such as example.com/team/acme",
			p.Module,
		)
	}

	p.checkSDK(problems)

	// Without a name the folder's place is not known.
	if named || (p.Dir != "") {
		p.place(problems)
	}

	return p, problems
}

// checkName reports whether the name is one that a folder can have.
func (p *plan) checkName(problems *Problems) bool {
	named := pluginName.MatchString(p.Name) && !strings.HasSuffix(p.Name, "-")
	if !named {
		problems.wrong("%q is no name for a plugin: "+
			"1 to 32 characters of a-z 0-9 -, beginning with a letter and not ending with -", p.Name)
	} else if slices.Contains(reserved, p.Name) {
		problems.wrong("%q cannot be a plugin's name: it means something else here", p.Name)
	}
	return named
}

func (p *plan) checkSDK(problems *Problems) {
	if p.SDK == "" {
		return
	}
	p.sdk = p.absolute(p.SDK)
	if moduleIn(p.sdk) != payhost {
		problems.add(
			"--sdk %s does not hold the source of %s: there is no go.mod of it",
			p.SDK,
			payhost,
		)
	}
}

// place decides where the folder goes and which module it belongs to.
func (p *plan) place(problems *Problems) {
	root := repositoryAround(p.absolute(cmp.Or(p.Dir, ".")))
	switch {
	case p.Dir != "":
		p.folder = p.absolute(p.Dir)
	case root != "":
		p.folder = filepath.Join(root, "plugins", p.Name)
	default:
		p.folder = p.absolute(p.Name)
	}

	p.shown = p.show(p.folder)

	p.path = cmp.Or(p.Module, "example.com/"+p.Name)
	if root != "" {
		p.placeInside(root, problems)
	}

	// An empty folder may be there already.
	entries, err := os.ReadDir(p.folder)
	if (err == nil) && (len(entries) > 0) {
		problems.add("%s exists, and nothing in it is overwritten", p.shown)
	}

	if (err != nil) && !errors.Is(err, fs.ErrNotExist) {
		problems.add("%s cannot be made: %v", p.shown, err)
	}
}

// placeInside is for Payhost's own repository, where a plugin is part of the
// one module and has its place.
func (p *plan) placeInside(root string, problems *Problems) {
	if want := filepath.Join(root, "plugins", p.Name); p.folder != want {
		problems.add("inside Payhost's repository the folder is %s: "+
			"leave --dir out, or choose one outside", p.show(want))
	}

	if p.Module != "" {
		problems.add(
			"inside Payhost's repository a plugin has no module of its own: leave --module out",
		)
	}

	if p.SDK != "" {
		problems.add("inside Payhost's repository a plugin uses its sdk: leave --sdk out")
	}

	p.path = payhost + "/plugins/" + p.Name
	p.registry = filepath.Join(root, "plugins", "sandbox", "registry.go")
}

// repositoryAround returns the top of Payhost's repository when dir is in it or
// is to be made there, else "".
func repositoryAround(dir string) string {
	for {
		module := moduleIn(dir)
		if module == payhost {
			return dir
		}
		parent := filepath.Dir(dir)
		if (module != "") || (parent == dir) {
			return ""
		}

		dir = parent
	}
}

// moduleIn returns the path of the module whose go.mod is in dir, or "".
func moduleIn(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return ""
	}
	if found := moduleLine.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}

func (p *plan) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(p.From, path)
}

// show writes a path as the user would: relative when it lies below the working
// folder.
func (p *plan) show(path string) string {
	rel, err := filepath.Rel(p.From, path)
	if (err == nil) && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// next returns the commands to go on with.
func (p *plan) next() []string {
	if p.registry != "" {
		return []string{
			"go test ./plugins/" + p.Name + "/...",
			"make plugin NAME=" + p.Name + " VERSION=0.1.0",
			"bin/payhost plugin info bin/plugins/" + p.Name + "@0.1.0",
			"make conformance",
		}
	}

	// With --sdk the module has been tidied already, as far as this machine
	// can.
	commands := []string{"cd " + p.shown}
	if p.sdk == "" {
		commands = append(commands, "go mod tidy")
	}

	return append(commands,
		"go test ./...",
		"go build -o "+p.Name+" .",
		"payhost plugin info ./"+p.Name,
		"go run ./simulator/serve &",
		"payhost plugin test ./"+p.Name+" --simulator http://127.0.0.1:9091",
	)
}
