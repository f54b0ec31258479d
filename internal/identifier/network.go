package identifier

import (
	"fmt"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/network"
)

// CheckNetwork reports what is wrong with network settings, whose timeout may be so
// long at most.
func CheckNetwork(s network.Settings, longest time.Duration) error {
	var faults configerr.List
	if s.Timeout < 0 || s.Timeout > longest {
		faults.Add(configerr.InvalidTimeout, "Timeout", s.Timeout.String())
	}
	for i, p := range s.AllowedNetworks {
		if !p.IsValid() {
			faults.Add(configerr.InvalidNetwork, fmt.Sprintf("AllowedNetworks[%d]", i), p.String())
		}
	}
	for i, host := range s.DangerouslyAllowHTTP {
		if !fetch.ValidPlainHost(host) {
			faults.Add(configerr.InvalidHost, fmt.Sprintf("DangerouslyAllowHTTP[%d]", i), host)
		}
	}
	return faults.Err()
}
