// Command contractdoc is a protoc plugin that writes the contract's reference
// for people, as Markdown, from the comments in the proto files. `make
// generate` runs it, so the reference says what the contract says.
package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	protogen.Options{}.Run(func(plugin *protogen.Plugin) error {
		plugin.SupportedFeatures = uint64(
			pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL,
		)
		versions := map[string][]*protogen.File{} // by the package's last part, such as v1

		for _, f := range plugin.Files {
			if f.Generate {
				name := string(f.Desc.Package().Name())
				versions[name] = append(versions[name], f)
			}
		}

		for version, files := range versions {
			out := plugin.NewGeneratedFile(version+".md", "")
			write(out, version, files)
		}

		return nil
	})
}

// write puts the file with the service first: what holds for every verb stands
// there.
func write(out *protogen.GeneratedFile, version string, files []*protogen.File) {
	slices.SortStableFunc(
		files,
		func(a, b *protogen.File) int { return len(b.Services) - len(a.Services) },
	)

	out.P("<!-- Generated from sdk/proto by `make generate`. Do not edit. -->")
	out.P("# The contract, ", version)

	for _, f := range files {
		about := fileComment(f)
		// A file's comment is "Title: text"; the service's file has the title
		// of the whole document.
		if len(f.Services) == 0 {
			title, rest, _ := strings.Cut(about, ": ")
			out.P("\n## ", strings.TrimSuffix(title, "."))
			about = strings.ToUpper(rest[:min(1, len(rest))]) + rest[min(1, len(rest)):]
		}

		paragraph(out, about)
		for _, s := range f.Services {
			service(out, s)
		}
		for _, e := range f.Enums {
			enum(out, e)
		}

		for _, m := range f.Messages {
			message(out, m)
		}
	}
}

func service(out *protogen.GeneratedFile, s *protogen.Service) {
	out.P("\n## ", s.Desc.Name())
	paragraph(out, text(s.Comments.Leading))
	out.P("\n| verb | takes | gives |\n|---|---|---|")

	for _, m := range s.Methods {
		out.P(
			"| [",
			m.Desc.Name(),
			"](#",
			anchor(m.Desc.Name()),
			") | ",
			link(m.Input.Desc),
			" | ",
			link(m.Output.Desc),
			" |",
		)
	}

	for _, m := range s.Methods {
		out.P("\n### ", m.Desc.Name())
		paragraph(out, text(m.Comments.Leading))
		out.P("\nTakes ", link(m.Input.Desc), ", gives ", link(m.Output.Desc), ".")
	}
}

func enum(out *protogen.GeneratedFile, e *protogen.Enum) {
	out.P("\n### ", e.Desc.Name())
	paragraph(out, text(e.Comments.Leading))
	out.P("\n| value | number | meaning |\n|---|---|---|")
	for _, v := range e.Values {
		out.P("| `", v.Desc.Name(), "` | ", v.Desc.Number(), " | ", cell(v.Comments), " |")
	}
}

func message(out *protogen.GeneratedFile, m *protogen.Message) {
	if m.Desc.IsMapEntry() {
		return
	}
	out.P("\n### ", m.Desc.Name())
	paragraph(out, text(m.Comments.Leading))
	if len(m.Fields) == 0 {
		out.P("\nIt has no fields.")
		return
	}

	out.P("\n| field | number | type | meaning |\n|---|---|---|---|")
	for _, f := range m.Fields {
		out.P(
			"| `",
			f.Desc.Name(),
			"` | ",
			f.Desc.Number(),
			" | ",
			kind(f.Desc),
			" | ",
			cell(f.Comments),
			" |",
		)
	}
}

// kind names a field's type, with a link where it has a section.
func kind(f protoreflect.FieldDescriptor) string {
	switch {
	case f.IsMap():
		return fmt.Sprintf("map of %s to %s", kind(f.MapKey()), kind(f.MapValue()))
	case f.IsList():
		return "list of " + single(f)
	case f.HasOptionalKeyword():
		return "optional " + single(f)
	}
	return single(f)
}

func single(f protoreflect.FieldDescriptor) string {
	switch {
	case f.Message() != nil:
		return link(f.Message())
	case f.Enum() != nil:
		return link(f.Enum())
	}
	return f.Kind().String()
}

// link leads to a section of this document; types of others' have none.
func link(d protoreflect.Descriptor) string {
	if strings.HasPrefix(string(d.FullName()), "google.") {
		return string(d.FullName())
	}
	return fmt.Sprintf("[%s](#%s)", d.Name(), anchor(d.Name()))
}

func anchor(name protoreflect.Name) string { return strings.ToLower(string(name)) }

// fileComment is what stands above the syntax line.
func fileComment(f *protogen.File) string {
	const syntax = 12 // the field of FileDescriptorProto
	for _, l := range f.Proto.GetSourceCodeInfo().GetLocation() {
		if slices.Equal(l.GetPath(), []int32{syntax}) {
			return text(protogen.Comments(l.GetLeadingComments()))
		}
	}
	return ""
}

// text returns a comment as it reads: without the blank that begins each line.
func text(c protogen.Comments) string {
	var lines []string
	for line := range strings.Lines(string(c)) {
		lines = append(lines, strings.TrimRight(strings.TrimPrefix(line, " "), " \n"))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// cell returns a comment on one line of a table.
func cell(c protogen.CommentSet) string {
	return strings.ReplaceAll(
		strings.Join(strings.Fields(text(c.Leading)), " "),
		"|",
		"\\|",
	)
}

func paragraph(out *protogen.GeneratedFile, about string) {
	if about != "" {
		out.P("\n", about)
	}
}
