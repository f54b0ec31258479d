package provider

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/suggest"
)

//go:embed profiles/*.json clients/*.json
var files embed.FS

const (
	// maxName bounds names that are compared with known ones, in bytes.
	maxName = 64
	// maxDepth bounds how deep a profile nests.
	maxDepth = 8
)

// Get returns the profile of that name. The error for a name that no profile
// has is an [*UnknownError].
func Get(name string) (*Profile, error) {
	names := Names()
	if !slices.Contains(names, name) {
		return nil, &UnknownError{Name: name, Suggestion: closest(name, names)}
	}
	return load(name)
}

// Names returns the names of all profiles, sorted.
func Names() []string {
	found, _ := fs.Glob(files, "profiles/*.json") // the pattern is valid
	names := make([]string, 0, len(found))
	for _, file := range found {
		names = append(names, strings.TrimSuffix(path.Base(file), ".json"))
	}
	return names
}

// All returns all profiles, sorted by name.
func All() ([]*Profile, error) {
	var profiles []*Profile
	for _, name := range Names() {
		p, err := load(name)
		if err != nil {
			return nil, err
		}
		profiles = append(profiles, p)
	}
	return profiles, nil
}

// load reads the file anew, so that nobody can change another's profile.
func load(name string) (*Profile, error) {
	data, err := files.ReadFile("profiles/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	p, err := decode[Profile](data)
	if err != nil {
		return nil, fmt.Errorf("provider: profile %s: %w", name, err)
	}
	return p, nil
}

// decode reads a profile strictly: one object, no member twice, none that is
// not known.
func decode[T any](data []byte) (*T, error) {
	if err := jsonx.Walk(data, maxDepth, func(_, _ []byte) error { return nil }); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	p := new(T)
	if err := d.Decode(p); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the profile")
	}
	return p, nil
}

// closest is the name that is a slip or two away, or one that is a part of the
// other.
func closest(name string, known []string) string {
	name = strings.ToLower(name[:min(len(name), maxName)])
	if near := suggest.Closest(name, known); near != "" || len(name) < 3 {
		return near
	}
	for _, candidate := range slices.Backward(known) { // the newest version first
		if strings.Contains(candidate, name) || strings.Contains(name, candidate) {
			return candidate
		}
	}
	return ""
}
