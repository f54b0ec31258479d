package check

import (
	"context"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/configfile"
)

// ofConfiguration checks what a file configures.
func ofConfiguration(ctx context.Context, path string, opts check.Options) (*check.Report, error) {
	config, file, err := gatewayfile.Load(path)
	if err != nil {
		return nil, &fileError{err}
	}
	config.Network.AllowedNetworks = append(config.Network.AllowedNetworks, opts.Network.AllowedNetworks...)
	config.Network.DangerouslyAllowHTTP = append(config.Network.DangerouslyAllowHTTP, opts.Network.DangerouslyAllowHTTP...)
	config.Network.RootCAs = opts.Network.RootCAs
	report, err := check.Configuration(ctx, config, opts)
	if report != nil {
		report.Target = path
		translate(report, file)
	}
	return report, err
}

// translate has the findings on a file name its fields as it does, with lines.
func translate(report *check.Report, file *configfile.File) {
	for i := range report.Findings {
		finding := &report.Findings[i]
		finding.Message, finding.Fix = file.Translate(finding.Message), file.Translate(finding.Fix)
	}
}

// fileError is a file that cannot be read as a configuration.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }
