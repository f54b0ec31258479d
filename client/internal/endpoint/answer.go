package endpoint

import (
	"errors"

	"github.com/mcp-auth/go/internal/jsonx"
)

const (
	maxToken = 64 << 10
	maxDepth = 32
)

var errNotJSON = errors.New("it is not an acceptable JSON object")

// readMembers reads an answer that must be a JSON object, passing over members
// that are null. The faults of all its members are joined.
func readMembers(body []byte, member func(name string, raw []byte) error) error {
	var faults error
	err := jsonx.Object(body, maxDepth, func(name string, raw []byte) error {
		if string(raw) != "null" {
			faults = errors.Join(faults, member(name, raw))
		}
		return nil
	})
	if err != nil {
		return errNotJSON
	}
	return faults
}
