package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/mcp-auth/go/check"
)

// goPath is a field of a resource as reports name it.
var goPath = regexp.MustCompile(`\bResources\[\d+\](\.[A-Z]\w*(\[\d+\])?|\["([^"\\]|\\.)*"\])*`)

// localize has the findings on a file name its fields as it does, with lines.
// Those on authorization servers are not about the file.
func localize(report *check.Report, source *yamlFile) {
	names := newYAMLNames[checkFile]()
	delete(names.words, "DPoP") // is mostly the protocol
	for i := range report.Findings {
		f := &report.Findings[i]
		f.Message = names.text(goPath.ReplaceAllStringFunc(f.Message, func(field string) string { return checkPath(field, names, source) }))
		f.Fix = names.text(f.Fix)
	}
}

// checkPath is the file's name for a field, with the line. A rule is in another
// file, whose field has its name.
func checkPath(field string, names *yamlNames, source *yamlFile) string {
	resource, rule, inPolicy := strings.Cut(field, ".Policy.")
	if inPolicy {
		field = resource + ".Policy"
	}
	path := names.path(field)
	if line := source.nearestLine(path); line > 0 {
		path += fmt.Sprintf(" (line %d)", line)
	}
	if inPolicy {
		path += ": " + policyPlace(rule)
	}
	return path
}

// profilePath is the name in the file of a field that package provider names.
func profilePath(field string, names *yamlNames) string {
	if option, ok := strings.CutPrefix(field, "Options."); ok {
		return names.path(option)
	}
	key, ok := strings.CutPrefix(field, "Params[")
	if name, err := strconv.Unquote(strings.TrimSuffix(key, "]")); ok && err == nil {
		return "parameters." + name
	}
	if field == "Params" {
		return "parameters"
	}
	return "provider"
}
