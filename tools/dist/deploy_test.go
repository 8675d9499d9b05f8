package main

import (
	"os"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// The file of the image is read by the code that builds images, whose own linter
// has nothing to say.
func TestTheContainerfile(t *testing.T) {
	file, err := os.Open("../../deploy/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read, err := parser.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range read.Warnings {
		t.Error(warning.Short)
	}

	warn := func(name, _, _, message string, _ []parser.Range) { t.Errorf("%s: %s", name, message) }
	stages, _, err := instructions.Parse(read.AST, linter.New(&linter.Config{Warn: warn}))
	if err != nil {
		t.Fatal(err)
	}

	last := stages[len(stages)-1]
	user := ""
	for _, command := range last.Commands {
		if one, is := command.(*instructions.UserCommand); is {
			user = one.User
		}
	}
	if (last.BaseName != "scratch") || !strings.HasPrefix(user, "65534") {
		t.Errorf("the image is of %s and runs as %q", last.BaseName, user)
	}
}

// The compose file is read by the specification's own code, with its schema.
func TestTheComposeFile(t *testing.T) {
	options, err := cli.NewProjectOptions(
		[]string{"../../deploy/compose.yaml"}, cli.WithName("payhost"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	host, err := project.GetService("payhost")
	if err != nil {
		t.Fatal(err)
	}
	if !host.ReadOnly || (len(host.CapDrop) != 1) || (len(host.Ports) != 1) ||
		(host.Ports[0].HostIP != "127.0.0.1") {
		t.Errorf("got %+v", host)
	}
}
