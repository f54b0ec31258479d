package tree

import (
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"
)

const (
	maxTopEntries    = 70  // files and directories in the top directory
	maxLibraryFiles  = 24  // of package mcpauth, tests aside
	maxLibraryNames  = 120 // exported names and methods of package mcpauth
	maxMethods       = 40  // of a type
	maxFunctionLines = 50
)

// TestTopDirectory holds that the top of the repository can be taken in at a glance.
func TestTopDirectory(t *testing.T) {
	t.Parallel()
	entries := map[string]bool{}
	for _, file := range files(t) {
		entry, _, _ := strings.Cut(file, "/")
		entries[entry] = true
	}
	if len(entries) > maxTopEntries {
		t.Errorf("%d entries, at most %d: %s", len(entries), maxTopEntries, strings.Join(slices.Sorted(maps.Keys(entries)), " "))
	}
}

// TestLibrarySize holds package mcpauth to a size that its users can learn.
func TestLibrarySize(t *testing.T) {
	t.Parallel()
	at := slices.IndexFunc(packages(t), func(p *typedPackage) bool { return p.dir == "." })
	p := packages(t)[at]
	if len(p.trees) > maxLibraryFiles {
		t.Errorf("%d files, at most %d", len(p.trees), maxLibraryFiles)
	}
	names := exportedNames(p.types)
	if len(names) > maxLibraryNames {
		t.Errorf("%d exported names, at most %d: %s", len(names), maxLibraryNames, strings.Join(names, " "))
	}
}

// exportedNames returns the names of a package's index: constants, variables,
// functions, types, and the methods of these types.
func exportedNames(p *types.Package) (names []string) {
	for _, name := range p.Scope().Names() {
		object := p.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		names = append(names, name)
		named, ok := object.Type().(*types.Named)
		if _, isType := object.(*types.TypeName); !isType || !ok {
			continue
		}
		for method := range named.Methods() {
			if method.Exported() {
				names = append(names, name+"."+method.Name())
			}
		}
	}
	return names
}

// TestTypeSizes holds that no type does everything.
func TestTypeSizes(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, name := range p.types.Scope().Names() {
			named, ok := p.types.Scope().Lookup(name).Type().(*types.Named)
			if !ok || named.Obj().Name() != name {
				continue
			}
			if named.NumMethods() > maxMethods {
				t.Errorf("%s.%s has %d methods, at most %d", p.dir, name, named.NumMethods(), maxMethods)
			}
		}
	}
}

// TestFunctionSizes holds that a function fits on a screen.
func TestFunctionSizes(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, tree := range p.trees {
			for _, declaration := range tree.Decls {
				fn, ok := declaration.(*ast.FuncDecl)
				if !ok {
					continue
				}
				lines := 1 + p.files.Position(fn.End()).Line - p.files.Position(fn.Pos()).Line
				if lines > maxFunctionLines {
					t.Errorf("%s %s has %d lines, at most %d", p.place(fn.Pos()), fn.Name.Name, lines, maxFunctionLines)
				}
			}
		}
	}
}
