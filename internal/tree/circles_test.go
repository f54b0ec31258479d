package tree

import (
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"
)

// maxCircle is how many files of a package may depend on each other in a circle.
const maxCircle = 8

// TestFileCircles holds that the files of a package can be read one after the
// other: few of them depend on each other in a circle.
func TestFileCircles(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		largest := slices.MaxFunc(append(circles(p), nil), func(a, b []string) int { return len(a) - len(b) })
		if len(largest) > maxCircle {
			t.Errorf("%s: %d files depend on each other, at most %d may:\n%s", p.dir, len(largest), maxCircle, strings.Join(largest, " "))
		}
	}
}

// circles returns the groups of files that depend on each other.
func circles(p *typedPackage) (found [][]string) {
	reach := map[string]map[string]bool{}
	uses := fileUses(p)
	for file := range uses {
		reach[file] = map[string]bool{}
		follow(uses, file, reach[file])
	}
	seen := map[string]bool{}
	for _, file := range slices.Sorted(maps.Keys(uses)) {
		if seen[file] {
			continue
		}
		circle := slices.Sorted(maps.Keys(reach[file]))
		circle = slices.DeleteFunc(circle, func(other string) bool { return !reach[other][file] })
		if len(circle) > 1 {
			found = append(found, circle)
		}
		for _, other := range circle {
			seen[other] = true
		}
	}
	return found
}

// follow notes every file that can be reached from one.
func follow(uses map[string]map[string]bool, from string, reached map[string]bool) {
	for next := range uses[from] {
		if !reached[next] {
			reached[next] = true
			follow(uses, next, reached)
		}
	}
}

// fileUses returns which files of a package use names, methods or fields of
// which others.
func fileUses(p *typedPackage) map[string]map[string]bool {
	uses := map[string]map[string]bool{}
	for _, tree := range p.trees {
		from := p.file(tree.FileStart)
		uses[from] = map[string]bool{}
		for node := range ast.Preorder(tree) {
			id, ok := node.(*ast.Ident)
			if !ok || !isShared(p, p.info.Uses[id]) {
				continue
			}
			if to := p.file(p.info.Uses[id].Pos()); to != from {
				uses[from][to] = true
			}
		}
	}
	return uses
}

// isShared reports whether an object is one that other files of the package can
// name: a name of the package, a method or a field.
func isShared(p *typedPackage, object types.Object) bool {
	if object == nil || object.Pkg() != p.types {
		return false
	}
	switch object := object.(type) {
	case *types.Func:
		return true
	case *types.Var:
		return object.IsField() || object.Parent() == p.types.Scope()
	default:
		return object.Parent() == p.types.Scope()
	}
}
