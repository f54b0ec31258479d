package gatewayfile

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/mcp-auth/go/configfile"
)

// Policy returns the policy file of a resource, and its identifier. The resource is
// named by its identifier or its name, or by "" if there is only one with a policy.
func Policy(path, resource string) (file, identifier string, err error) {
	var document Document
	if _, err := configfile.Read(path, &document); err != nil {
		return "", "", err
	}
	var found []*Resource
	var known []string
	for i := range document.Resources {
		r := &document.Resources[i]
		if r.Policy == "" {
			continue
		}
		known = append(known, r.Identifier)
		if resource == "" || resource == r.Identifier || resource == r.Name {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return "", "", fmt.Errorf("%s has no resource %swith a policy", path, resource+strings.Repeat(" ", min(1, len(resource))))
	case 1:
	default:
		return "", "", fmt.Errorf("%s has several resources with a policy; name one with --identifier: %s", path, strings.Join(known, ", "))
	}
	if file = found[0].Policy; !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(path), file)
	}
	return file, found[0].Identifier, nil
}
