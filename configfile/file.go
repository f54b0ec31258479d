package configfile

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/yamlfile"
)

// File is a file that was read. It knows the places of what it configures.
type File struct {
	source *yamlfile.File
	names  *yamlfile.Names
}

// Load reads a configuration from a file. Every mistake is reported, each as an
// [*Error], joined. An error of the file system is returned as it is.
func Load(path string) (mcpauth.Config, *File, error) {
	var document Document
	file, err := Read(path, &document)
	if err != nil {
		return mcpauth.Config{}, nil, err
	}
	config, err := document.Config(file)
	return config, file, err
}

// Read reads a file of at most 1 MiB into a struct that embeds [Document]. The
// tag yaml:"name" names a field; fields are strings, booleans, integers,
// time.Duration, structs, pointers to structs, and slices and maps of these.
// Every mistake is reported, each as an [*Error], joined. An error of the file
// system is returned as it is.
func Read(path string, into any) (*File, error) {
	source, err := yamlfile.Read(path, into)
	if err != nil {
		return nil, malformed(err)
	}
	return &File{source: source, names: yamlfile.NamesOf(into, "DPoP")}, nil
}

// Name returns the name of the file.
func (f *File) Name() string { return f.source.Name() }

// relative returns the path of a file that is named in this one.
func (f *File) relative(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(f.Name()), path)
}

// Place returns the name in the file of a field of the configuration, such as
// resources[0].dpop for Resources[0].DPoP, and its line, or 0 if the file does
// not have the field. A rule of a policy is in another file: the place is the
// place of that file's name, and the name ends with the rule's name there.
func (f *File) Place(field string) (name string, line int) {
	field = strings.TrimPrefix(field, "Network.")
	owner, rule, isRule := strings.Cut(field, ".Policy.")
	if !isRule {
		name = f.names.Path(field)
		return name, f.source.Line(name)
	}
	name = f.names.Path(owner + ".Policy")
	key := strings.IndexByte(rule+"[", '[')
	return name + ": " + strings.ToLower(rule[:key]) + rule[key:], f.source.Line(name)
}

// goField is a field of the configuration in a text.
var goField = regexp.MustCompile(`\bResources\[\d+\](\.[A-Z]\w*(\[\d+\])?|\["([^"\\]|\\.)*"\])*`)

// Translate returns a text about the configuration with the file's names for
// the fields that it mentions, and the lines of fields that are named in full.
func (f *File) Translate(text string) string {
	return f.names.Text(goField.ReplaceAllStringFunc(text, func(field string) string {
		name, line := f.Place(field)
		if line == 0 {
			return name
		}
		before, rule, isRule := strings.Cut(name, ": ")
		name = fmt.Sprintf("%s (line %d)", before, line)
		if isRule {
			name += ": " + rule
		}
		return name
	}))
}

// Locate returns the mistakes that [mcpauth.New] found in a configuration with
// their places in the file, each as an [*Error], joined. Any other error is
// returned as it is.
func (f *File) Locate(err error) error {
	var mistakes []*configerr.Error
	for _, found := range configerr.All(err) {
		mistake := *found
		mistake.Field, _ = f.Place(found.Field)
		mistakes = append(mistakes, &mistake)
	}
	if len(mistakes) == 0 {
		return err
	}
	return located(f.source, mistakes)
}
