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

// refusal is an error answer (RFC 6749 §5.2).
type refusal struct{ code, description string }

// readRefusal reads an error answer. A body of another kind has no code.
func readRefusal(body []byte) refusal {
	var r refusal
	err := jsonx.Object(body, maxDepth, func(name string, raw []byte) error {
		switch name {
		case "error":
			r.code, _ = jsonx.String(raw)
		case "error_description":
			r.description, _ = jsonx.String(raw)
		}
		return nil
	})
	if err != nil {
		return refusal{}
	}
	return r
}
