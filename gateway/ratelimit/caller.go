package ratelimit

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/policy"
)

// caller is whose requests a rule counts together. Names are hashed, so that long ones
// take no more memory.
type caller struct {
	rule int
	name [sha256.Size]byte
}

// count notes how many requests a request is for a rule, by caller.
func (r *Rule) count(index int, request *gateway.LimitedRequest, counts map[caller]int) {
	name := r.callerOf(request)
	add := func(name string, n int) { counts[caller{index, sha256.Sum256([]byte(name))}] += n }
	if len(r.Tools) == 0 && r.Key != SubjectTool {
		add(name, max(1, len(request.Operations)))
		return
	}
	for _, op := range request.Operations {
		switch {
		case !r.isOf(op):
		case r.Key == SubjectTool:
			add(fmt.Sprintf("%s %q %q", name, request.Resource, op.Name), 1)
		default:
			add(name, 1)
		}
	}
}

// isOf reports whether a rule for tools counts an operation.
func (r *Rule) isOf(op policy.Operation) bool {
	return op.Method == mcpmethod.ToolsCall && (len(r.Tools) == 0 || slices.Contains(r.Tools, op.Name))
}

// callerOf names who makes a request.
func (r *Rule) callerOf(request *gateway.LimitedRequest) string {
	info := request.Caller
	switch {
	case info == nil || r.Key == Address:
		return addressOf(request)
	case r.Key == Client && info.ClientID != "":
		return fmt.Sprintf("client %q %q", info.Issuer, info.ClientID)
	}
	return "user " + info.UserID()
}

// addressOf names the network that a request came from: who has one IPv6 address has
// 2^64 of them.
func addressOf(request *gateway.LimitedRequest) string {
	address := request.Address.Unmap()
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	network, err := address.Prefix(bits)
	if err != nil { // there is no address
		return "address"
	}
	return "address " + network.String()
}
