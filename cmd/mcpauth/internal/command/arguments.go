package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/suggest"
	"github.com/urfave/cli/v3"
)

// CheckArguments refuses positional arguments: no command takes any unless it
// has a validator of its own. If there are commands below it, and after help, the
// first argument is the name of a command.
func CheckArguments(_ context.Context, cmd *cli.Command) error {
	first := cmd.Args().First()
	lineage := cmd.Lineage()
	switch {
	case first == "":
		return nil
	case len(cmd.VisibleCommands()) > 0:
		return unknownCommand(cmd, first)
	case cmd.Name == "help" && lineage[1].Command(first) == nil:
		return unknownCommand(lineage[1], first)
	case cmd.Name == "help":
		return nil
	}
	return RefuseArguments(cmd, 0)
}

// AtMost validates that a command has no more than so many arguments.
func AtMost(count int) cli.ArgValidatorFunc {
	return func(_ context.Context, cmd *cli.Command) error { return RefuseArguments(cmd, count) }
}

// RefuseArguments refuses arguments beyond the first so many.
func RefuseArguments(cmd *cli.Command, most int) error {
	if args := cmd.Args(); args.Len() > most {
		return Usage(cmd, fmt.Errorf("unexpected argument %q", args.Get(most)))
	}
	return nil
}

func unknownCommand(parent *cli.Command, name string) error {
	var known []string
	for _, sub := range parent.VisibleCommands() {
		known = append(known, sub.Name)
	}
	return Usage(parent, fmt.Errorf("unknown command %q%s", name, didYouMean(name, known)))
}

// didYouMean names the known word that is a slip or two away.
func didYouMean(word string, known []string) string {
	if closest := suggest.Closest(word, known); closest != "" {
		return fmt.Sprintf(", did you mean %s?", closest)
	}
	return ""
}

// NetworkFlag is the flag that names private networks, for [Networks]. group is its
// place in the help.
func NetworkFlag(group string) cli.Flag {
	return &cli.StringSliceFlag{Category: group, Name: "allow-network", Usage: "private `NETWORK` in which servers may be reached, such as 10.0.0.0/8; can be repeated"}
}

// Networks returns the private networks that the flag names.
func Networks(cmd *cli.Command) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range cmd.StringSlice("allow-network") {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, Usage(cmd, fmt.Errorf("--allow-network %q is not a network such as 10.0.0.0/8", text))
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// AllowHTTPFlag is the flag that names hosts which may be plain http, for
// [PlainHosts]. group is its place in the help.
func AllowHTTPFlag(group string) cli.Flag {
	return &cli.StringSliceFlag{Category: group, Name: "allow-http", Usage: "`HOST` that may be plain http, for development inside a network of your own, such as keycloak in Docker Compose; can be repeated"}
}

// PlainHosts returns the hosts that the flag names.
func PlainHosts(cmd *cli.Command) (fetch.PlainHosts, error) {
	hosts := cmd.StringSlice("allow-http")
	for _, host := range hosts {
		if !fetch.ValidPlainHost(host) {
			return nil, Usage(cmd, fmt.Errorf("--allow-http %q is not the name of one host, such as keycloak: it has no scheme, no port and no wildcard", host))
		}
	}
	return hosts, nil
}

// PlainHost returns the host of a URL that is plain http on a host other than
// loopback, empty for other URLs.
func PlainHost(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || fetch.IsLoopbackHost(u.Hostname()) || !fetch.ValidPlainHost(u.Hostname()) {
		return ""
	}
	return u.Hostname()
}

// MissingScheme returns what to add to the error of a URL that has no scheme, empty
// if it has one.
func MissingScheme(text string) string {
	if text == "" || strings.Contains(text, "://") || strings.ContainsAny(text, " \t") || strings.HasPrefix(text, "-") {
		return ""
	}
	host, _, _ := strings.Cut(text, "/")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	scheme := "https"
	if fetch.IsLoopbackHost(host) {
		scheme = "http"
	}
	return fmt.Sprintf(". The scheme is missing: did you mean %s://%s?", scheme, text)
}

const emptyAllowed = "empty flags"

// AllowEmpty is the metadata of a command whose flags may be empty.
func AllowEmpty() map[string]any { return map[string]any{emptyAllowed: true} }

// refuseEmpty refuses arguments and flags that are empty, as unset variables of a
// script are. Arguments after the second may be.
func refuseEmpty(cmd *cli.Command) error {
	for i, argument := range cmd.Args().Slice() {
		if argument == "" && i < 2 {
			return Usage(cmd, errors.New("an argument is empty: is a variable not set?"))
		}
	}
	if cmd.Metadata[emptyAllowed] != nil {
		return nil
	}
	for _, flag := range cmd.Flags {
		name := flag.Names()[0]
		if !cmd.IsSet(name) {
			continue
		}
		empty := false
		switch flag.(type) {
		case *cli.StringFlag:
			empty = cmd.String(name) == ""
		case *cli.StringSliceFlag:
			empty = slices.Contains(cmd.StringSlice(name), "")
		}
		if empty {
			return Usage(cmd, fmt.Errorf("%s is empty: is a variable not set?", dashed(name)))
		}
	}
	return nil
}
