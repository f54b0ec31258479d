// Package check is the command "mcpauth check".
package check

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/input"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
	"github.com/urfave/cli/v3"
)

const (
	tokenVariable  = "MCPAUTH_TOKEN"
	defaultTimeout = 10 * time.Second
	// maxTime bounds a check as a whole.
	maxTime = 10 * time.Minute

	maxCertificates = 1 << 20 // bytes, of --ca-file
)

// NewCommand returns the command.
func NewCommand(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "check an authorization server, an MCP server or a configuration",
		ArgsUsage: "URL",
		Description: "Sends the requests that an MCP client would send, and reports what is wrong, which specification\n" +
			"requires it, what it means for which clients, and how to fix it. No request changes anything. The\n" +
			"report goes to standard output, progress to standard error.\n\n" +
			"URL is an issuer, the URL of its metadata, or the URL of an MCP server: the check finds out which.\n" +
			"--server says that it is an MCP server, and is needed to give a token.\n\n" +
			"The exit code is 0 if there are no errors, 1 if there are or if the check cannot be made, and\n" +
			"2 if the command line is wrong. docs/check.md lists all findings.\n\n" +
			"Examples:\n" +
			"  mcpauth check https://auth.example.com\n" +
			"  mcpauth check https://mcp.example.com/mcp\n" +
			"  mcpauth check https://auth.example.com/.well-known/openid-configuration\n" +
			"  mcpauth check --server https://mcp.example.com/mcp --format markdown\n" +
			"  mcpauth check --server https://mcp.example.com/mcp --token-file token.txt\n" +
			"  mcpauth check --config check.yaml --strict --json\n" +
			"  mcpauth check --web --open",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "server", Usage: "check the MCP server at `URL`, and the authorization servers it names"},
			&cli.StringFlag{Name: "token-file", Usage: "with --server: `FILE` with a valid access token for it, - for standard input; or set " + tokenVariable},
			&cli.StringFlag{Name: "other-token-file", Usage: "with --server: `FILE` with an access token for another resource, which the server must refuse"},
			&cli.StringFlag{Name: "config", Usage: "check the resources and authorization servers configured in `FILE`"},
			&cli.StringFlag{Name: "format", Usage: "how to write the report: text, json, markdown or sarif", Value: "text"},
			command.JSONFlag("print one line of JSON, like --format json"),
			&cli.BoolFlag{Name: "strict", Usage: "also exit with 1 if there are warnings"},
			&cli.BoolFlag{Name: "quiet", Usage: "do not report progress on standard error"},
			command.NetworkFlag(""),
			command.AllowHTTPFlag(""),
			&cli.StringFlag{Name: "ca-file", Usage: "`FILE` with certificates (PEM) of authorities to trust in addition to the system's"},
			&cli.DurationFlag{Name: "timeout", Usage: "how long to wait for each answer", Value: defaultTimeout},
		}, pageFlags()...),
		ArgValidator: validate,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if cmd.Bool("web") {
				return runPage(ctx, cmd, s)
			}
			return run(ctx, cmd, s)
		},
	}
}

// validate refuses anything but one thing to check.
func validate(_ context.Context, cmd *cli.Command) error {
	if err := validatePage(cmd); err != nil {
		return err
	}
	if err := command.RefuseArguments(cmd, 1); err != nil {
		return err
	}
	subjects := 0
	for _, given := range []bool{cmd.Args().Len() > 0, cmd.IsSet("server"), cmd.IsSet("config")} {
		if given {
			subjects++
		}
	}
	switch {
	case subjects == 0 && !cmd.Bool("web"):
		return command.Usage(cmd, errors.New("name what to check: a URL, --server or --config; or use --web"))
	case subjects > 1:
		return command.Usage(cmd, errors.New("give one of a URL, --server and --config"))
	case cmd.IsSet("token-file") && !cmd.IsSet("server"):
		return command.Usage(cmd, errors.New("--token-file goes with --server"))
	case cmd.IsSet("other-token-file") && !cmd.IsSet("server"):
		return command.Usage(cmd, errors.New("--other-token-file goes with --server"))
	case cmd.Duration("timeout") <= 0:
		return command.Usage(cmd, errors.New("--timeout must be more than zero"))
	}
	return nil
}

func run(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	write, err := reportWriter(cmd)
	if err != nil {
		return err
	}
	opts, err := options(cmd, s)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	report, err := makeReport(ctx, cmd, s, opts)
	var badIssuer *metadata.URLError
	var badURL *fetch.Error
	var badFile *fileError
	switch {
	case errors.As(err, &badURL) && cmd.IsSet("server"):
		return command.Usage(cmd, fmt.Errorf("--server must be a URL such as https://mcp.example.com/mcp: %w%s", err, command.MissingScheme(cmd.String("server"))))
	case errors.As(err, &badURL), errors.As(err, &badIssuer):
		return command.Usage(cmd, fmt.Errorf("give a URL such as https://auth.example.com or https://mcp.example.com/mcp: %w%s", err, command.MissingScheme(cmd.Args().First())))
	case errors.As(err, &badFile):
		return command.FileError(err)
	case report == nil && cmd.Args().Len() > 0 && ctx.Err() == nil:
		return command.Usage(cmd, err)
	case report == nil:
		return err
	}
	// A check that was ended also has a report, of what was found until then.
	if err := write(report, s.Out); err != nil {
		return err
	}
	if err != nil {
		fmt.Fprintln(s.Err, "The check was ended, and the report is not complete.")
		return err
	}
	if !report.OK() || cmd.Bool("strict") && report.Count(metadata.Warning) > 0 {
		return command.ErrReported
	}
	return nil
}

func makeReport(ctx context.Context, cmd *cli.Command, s command.Streams, opts check.Options) (*check.Report, error) {
	if cmd.IsSet("config") {
		return ofConfiguration(ctx, cmd.String("config"), opts)
	}
	if !cmd.IsSet("server") {
		return check.URL(ctx, cmd.Args().First(), opts) // without a token, which only --server asks for
	}
	var err error
	if opts.Token, err = validToken(cmd, s.In); err != nil {
		return nil, err
	}
	if file := cmd.String("other-token-file"); file != "" {
		token, err := input.SecretFile(file)
		if err != nil {
			return nil, command.Usage(cmd, fmt.Errorf("--other-token-file: %w", err))
		}
		opts.WrongAudienceToken = string(token)
	}
	return check.Server(ctx, cmd.String("server"), opts)
}

func reportWriter(cmd *cli.Command) (func(*check.Report, io.Writer) error, error) {
	format := cmd.String("format")
	if cmd.Bool("json") {
		if cmd.IsSet("format") && format != "json" {
			return nil, command.Usage(cmd, errors.New("--json and --format say different things"))
		}
		format = "json"
	}
	switch format {
	case "text":
		return writeText, nil
	case "json":
		return (*check.Report).WriteJSON, nil
	case "markdown":
		return (*check.Report).WriteMarkdown, nil
	case "sarif":
		return (*check.Report).WriteSARIF, nil
	}
	return nil, command.Usage(cmd, errors.New("--format must be text, json, markdown or sarif"))
}

// writeText writes the report as text, with headings in colour on a terminal.
func writeText(r *check.Report, w io.Writer) error {
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		return err
	}
	style := terminal.NewStyle(w)
	headings := strings.NewReplacer(
		"\nErrors\n", "\n"+style.Error("Errors")+"\n", "\nWarnings\n", "\n"+style.Warning("Warnings")+"\n",
		"\nIn order\n", "\n"+style.Good("In order")+"\n",
	)
	_, err := headings.WriteString(w, b.String())
	return err
}

func options(cmd *cli.Command, s command.Streams) (check.Options, error) {
	opts := check.Options{Network: network.Settings{Timeout: cmd.Duration("timeout"), Proxy: network.EnvironmentProxy}}
	var err error
	if opts.Network.AllowedNetworks, err = command.Networks(cmd); err != nil {
		return opts, err
	}
	if opts.Network.DangerouslyAllowHTTP, err = command.PlainHosts(cmd); err != nil {
		return opts, err
	}
	if file := cmd.String("ca-file"); file != "" {
		if opts.Network.RootCAs, err = readCertificates(file); err != nil {
			return opts, command.Usage(cmd, fmt.Errorf("--ca-file: %w", err))
		}
	}
	if !cmd.Bool("quiet") {
		opts.OnExchange = func(e check.Exchange) { printExchange(s.Err, e) }
	}
	return opts, nil
}

// printExchange prints a request when it is over. Its texts are fit to be shown.
func printExchange(w io.Writer, e check.Exchange) {
	outcome := fmt.Sprint(e.Status)
	if e.Status == 0 {
		outcome = "failed"
	}
	fmt.Fprintf(w, "%-6s %-7s %s (%s, %s)\n", outcome, e.Method, e.URL, e.Purpose, e.Duration.Round(time.Millisecond))
}

// readCertificates adds a file's certificates to the system's.
func readCertificates(path string) (*x509.CertPool, error) {
	data, err := input.ReadFile(path, maxCertificates)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // the system has none
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return pool, nil
}

// validToken returns the user's token, or "". A token is never an argument,
// because other users of the machine can see arguments.
func validToken(cmd *cli.Command, stdin io.Reader) (string, error) {
	var token []byte
	var err error
	switch file := cmd.String("token-file"); file {
	case "":
		return os.Getenv(tokenVariable), nil
	case "-":
		token, err = input.ReadSecret(stdin, "standard input")
	default:
		token, err = input.SecretFile(file)
	}
	if err != nil {
		return "", command.Usage(cmd, fmt.Errorf("--token-file: %w", err))
	}
	return string(token), nil
}
