package tree

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// typedPackage is a package of the workspace, tests aside, with its types.
type typedPackage struct {
	dir   string // "." for the library's own
	files *token.FileSet
	trees []*ast.File
	types *types.Package
	info  *types.Info
}

// file returns the name of the file that pos is in.
func (p *typedPackage) file(pos token.Pos) string {
	return filepath.Base(p.files.Position(pos).Filename)
}

// listed is what go list says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	ImportMap               map[string]string
	Module                  *struct{ Main bool }
}

// packages returns the packages of the workspace.
func packages(t *testing.T) []*typedPackage {
	t.Helper()
	found, err := loadPackages()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var loadPackages = sync.OnceValues(func() ([]*typedPackage, error) {
	all, err := listPackages()
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, pkg := range all {
		exports[pkg.ImportPath] = pkg.Export
	}
	var found []*typedPackage
	for _, pkg := range all {
		if pkg.Module == nil || !pkg.Module.Main || len(pkg.GoFiles) == 0 {
			continue
		}
		typed, err := check(pkg, exports)
		if err != nil {
			return nil, err
		}
		found = append(found, typed)
	}
	return found, nil
})

// listPackages lists the packages of the workspace and all they import, with the
// files of the compiler that describe what they export.
func listPackages() ([]listed, error) {
	command := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,ImportMap,Module", "work")
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	var all []listed
	for decoder := json.NewDecoder(out); ; {
		var pkg listed
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			return all, command.Wait()
		} else if err != nil {
			return nil, errors.Join(err, command.Wait())
		}
		all = append(all, pkg)
	}
}

// check parses a package and finds the types in it.
func check(pkg listed, exports map[string]string) (*typedPackage, error) {
	dir, _ := inRepository(pkg.ImportPath)
	p := &typedPackage{dir: dir, files: token.NewFileSet(), info: &types.Info{Uses: map[*ast.Ident]types.Object{}}}
	for _, name := range pkg.GoFiles {
		tree, err := parser.ParseFile(p.files, filepath.Join(pkg.Dir, name), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		p.trees = append(p.trees, tree)
	}
	open := func(path string) (io.ReadCloser, error) {
		if mapped, ok := pkg.ImportMap[path]; ok {
			path = mapped
		}
		return os.Open(exports[path])
	}
	config := types.Config{Importer: importer.ForCompiler(p.files, "gc", open)}
	var err error
	p.types, err = config.Check(pkg.ImportPath, p.files, p.trees, p.info)
	return p, err
}

// place is where something is, such as "client/store.go".
func (p *typedPackage) place(pos token.Pos) string {
	return strings.TrimPrefix(p.dir+"/"+p.file(pos), "./")
}
