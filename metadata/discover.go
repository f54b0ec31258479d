package metadata

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/internal/retry"
	"github.com/mcp-auth/go/network"
)

// Source says whose metadata to find, and where.
type Source struct {
	// Issuer is the issuer identifier as the server writes it, a trailing slash
	// included: the document's must be identical. Required.
	Issuer string
	// Type says in which well-known places to look; see [CandidateURLs].
	Type ServerType
	// URL, if set, is the only place to look.
	URL string
	// Repair, if set, repairs a document that does not conform before it is
	// parsed. It gets the body of each answer with status 200, whatever that
	// is. It returns an error if the body is not a document.
	Repair func(document []byte) ([]byte, error)
	// Network says how the server is reached. The zero value reaches public
	// addresses, and loopback if the issuer or the URL is there.
	Network network.Settings
}

// Fetched is a document that was found.
type Fetched struct {
	// Server is the document.
	Server *AuthorizationServer
	// URL is where it was found, after redirects.
	URL string

	header http.Header
}

// FreshFor is how long the document may be used without asking again, if it was
// received at now (RFC 9111 §4.2). It is false where the server does not say.
func (f *Fetched) FreshFor(now time.Time) (time.Duration, bool) { return fetch.FreshFor(f.header, now) }

// DiscoveryKind is a stable code for why no document was found.
type DiscoveryKind string

// The kinds of [DiscoveryError].
const (
	// InvalidSource: the issuer, the type or the URL cannot be used; nothing
	// was fetched. The cause is a [*URLError].
	InvalidSource DiscoveryKind = "invalid source"
	// NotFound: no place has a document.
	NotFound DiscoveryKind = "not found"
	// IssuerMismatch: the document names another issuer (RFC 8414 §3.3, OpenID
	// Connect Discovery §4.3). The cause is an [*IssuerMismatchError].
	IssuerMismatch DiscoveryKind = "issuer mismatch"
	// Malformed: an answer is not a metadata document, or has an endpoint that
	// must not be used. The cause is a [*DocumentError] or the repair
	// function's error.
	Malformed DiscoveryKind = "malformed"
	// Unavailable: the server could not be reached, or said that it cannot
	// answer now. Trying later may help.
	Unavailable DiscoveryKind = "unavailable"
)

// DiscoveryError says why no document was found. If several places were tried,
// it is about the one that says most.
type DiscoveryError struct {
	// URL is where the document was looked for, without its query. Empty for
	// InvalidSource.
	URL  string
	Kind DiscoveryKind
	// Err is the cause.
	Err error
	// Others are the errors of the other places tried.
	Others []*DiscoveryError
}

// Error names each place once, and what came of it.
func (e *DiscoveryError) Error() string {
	texts := []string{e.describe()}
	for _, other := range e.Others {
		texts = append(texts, other.describe())
	}
	return "metadata: " + strings.Join(texts, "; ")
}

func (e *DiscoveryError) describe() string {
	why := strings.TrimPrefix(e.Err.Error(), "metadata: ")
	var failure *fetch.Error
	if errors.As(e.Err, &failure) && failure.URL == e.URL { // not after a redirect
		why = failure.Cause()
	}
	text := fmt.Sprintf("%s: %s", e.Kind, why)
	if e.URL != "" {
		text = e.URL + ": " + text
	}
	return text
}

// Unwrap returns the cause.
func (e *DiscoveryError) Unwrap() error { return e.Err }

// IssuerMismatchError says that a document names another issuer than the one
// asked for.
type IssuerMismatchError struct {
	// Want is the issuer asked for, Got the document's.
	Want, Got string
}

// Error shows both; the document's is shortened if it is long.
func (e *IssuerMismatchError) Error() string {
	text := fmt.Sprintf("the document is of the issuer %.200q, not of %.200q", e.Got, e.Want)
	if strings.TrimSuffix(e.Got, "/") == strings.TrimSuffix(e.Want, "/") {
		text += "; they differ in the trailing slash"
	}
	return text
}

// Discover finds and reads the metadata of an authorization server, trying the
// places that [CandidateURLs] names in their order. A place without a document
// is skipped; the first document decides. Its issuer must be identical to the
// one asked for, and its endpoints must be https URLs, unless the issuer itself
// is on loopback.
//
// It limits time, size and redirects, and connects only to the addresses that
// [Source.Network] allows. The error is a [*DiscoveryError].
func Discover(ctx context.Context, src Source) (*AuthorizationServer, error) {
	got, err := Fetch(ctx, nil, src)
	if err != nil {
		return nil, err
	}
	return got.Server, nil
}

// Fetch is [Discover] that also returns where the document was and how long it
// may be used. The client is usually nil; only packages of this module can make
// one, which is then used in place of [Source.Network]. A server that fails, or
// answers with something that is not a document, is asked up to three times.
func Fetch(ctx context.Context, client *fetch.Client, src Source) (*Fetched, error) {
	if client == nil {
		client = fetch.New(fetch.Policy{Settings: src.Network})
		defer client.Close()
	}
	src.Network.DangerouslyAllowHTTP = client.PlainHosts()
	return retry.Do(ctx, mayPass, func(ctx context.Context) (*Fetched, error) { return src.find(ctx, client) })
}

// mayPass reports whether a document may be there in a moment: the server failed,
// or sent something that is not a document.
func mayPass(err error) bool {
	var (
		failure   *DiscoveryError
		transport *fetch.Error
	)
	if errors.As(err, &failure) && failure.Kind == Malformed && !errors.As(err, &transport) {
		return !decides(failure)
	}
	return fetch.MayPass(err)
}

// fetcher is what is used of [fetch.Client].
type fetcher interface {
	Do(context.Context, fetch.Request) (*fetch.Response, error)
}

func (src *Source) find(ctx context.Context, client fetcher) (*Fetched, error) {
	places, err := src.places()
	if err != nil {
		return nil, &DiscoveryError{Kind: InvalidSource, Err: err}
	}
	var failures []*DiscoveryError
	for i, place := range places {
		got, failure := src.try(ctx, client, place, len(places)-i)
		if failure == nil {
			return got, nil
		}
		failures = append(failures, failure)
		if decides(failure) || ctx.Err() != nil {
			break
		}
	}
	return nil, summary(failures)
}

// places returns where to look.
func (src *Source) places() ([]string, error) {
	plain := src.plain()
	secured := plain.Secured(src.Issuer)
	candidates, err := CandidateURLs(secured, src.Type)
	if err != nil {
		return nil, err
	}
	if src.URL == "" {
		for i := range candidates {
			candidates[i] = fetch.SchemeOf(src.Issuer, candidates[i])
		}
		return candidates, nil
	}
	if fault := checkURL(plain.Secured(src.URL)); fault != "" {
		return nil, &URLError{What: "metadata URL", Fault: fault}
	}
	return []string{src.URL}, nil
}

// plain returns the hosts that may be plain http.
func (src *Source) plain() fetch.PlainHosts { return src.Network.DangerouslyAllowHTTP }

// decides reports whether a document was found and is wrong: to look further
// would be to ignore it.
func decides(e *DiscoveryError) bool {
	return e.Kind == IssuerMismatch || errors.Is(e.Err, errEndpoint)
}

// summary makes one error of several: what decides, else an outage, behind
// which a document may hide, else what was not a document.
func summary(failures []*DiscoveryError) *DiscoveryError {
	best := 0
	for i, failure := range failures {
		if rank(failure) > rank(failures[best]) {
			best = i
		}
	}
	main := *failures[best]
	for i, failure := range failures {
		if i != best {
			main.Others = append(main.Others, failure)
		}
	}
	return &main
}

func rank(e *DiscoveryError) int {
	switch {
	case decides(e):
		return 3
	case e.Kind == Unavailable:
		return 2
	case e.Kind == Malformed:
		return 1
	}
	return 0
}

// try looks in one place. left is the number of places still to try, this one
// included, among which the time is shared: one that hangs must not keep the
// others from being asked.
func (src *Source) try(ctx context.Context, client fetcher, place string, left int) (*Fetched, *DiscoveryError) {
	ctx, cancel := share(ctx, left)
	defer cancel()
	fail := func(kind DiscoveryKind, err error) (*Fetched, *DiscoveryError) {
		shown, _, _ := strings.Cut(place, "?")
		return nil, &DiscoveryError{URL: shown, Kind: kind, Err: err}
	}
	resp, err := client.Do(ctx, fetch.Request{
		Method:        http.MethodGet,
		URL:           place,
		Header:        http.Header{"Accept": {"application/json"}},
		AllowLoopback: fetch.IsLoopbackURL(place),
	})
	if err != nil {
		return fail(kindOf(err), err)
	}
	if resp.Status != http.StatusOK {
		return fail(kindOfStatus(resp.Status), resp.Unexpected())
	}
	server, err := src.read(resp.Body)
	var mismatch *IssuerMismatchError
	switch {
	case errors.As(err, &mismatch):
		return fail(IssuerMismatch, err)
	case err != nil:
		return fail(Malformed, err)
	}
	return &Fetched{Server: server, URL: resp.URL, header: resp.Header}, nil
}

// share bounds ctx to its part of the time left, if that is bounded.
func share(ctx context.Context, left int) (context.Context, context.CancelFunc) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
}

func kindOf(err error) DiscoveryKind {
	var failure *fetch.Error
	if !errors.As(err, &failure) {
		return Unavailable
	}
	switch failure.Kind {
	case fetch.TooLarge:
		return Malformed
	case fetch.Redirect: // to a login page, say
		return NotFound
	}
	return Unavailable
}

func kindOfStatus(status int) DiscoveryKind {
	switch {
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests,
		status == http.StatusTooEarly, status == http.StatusRequestTimeout:
		return Unavailable
	}
	return NotFound
}

// read makes a document of an answer's body.
func (src *Source) read(body []byte) (*AuthorizationServer, error) {
	if src.Repair != nil {
		var err error
		body, err = panics.Call("the repair function", func() ([]byte, error) { return src.Repair(body) })
		if err != nil {
			return nil, fmt.Errorf("repair: %w", err)
		}
	}
	server, err := ParseAuthorizationServer(body)
	if err != nil {
		return nil, err
	}
	if server.Issuer != src.Issuer {
		return nil, &IssuerMismatchError{Want: src.Issuer, Got: server.Issuer}
	}
	if names := server.badEndpoints(src.plain().For(src.Issuer)); len(names) > 0 {
		return nil, &DocumentError{Member: names[0], Err: errEndpoint}
	}
	return server, nil
}

var errEndpoint = errors.New("must be an https URL, or one on loopback if the issuer is there")

// badEndpoints names the endpoints that must not be used: a browser sent there
// might run a script, a request with a secret go in the clear or to a service
// on this machine. They may be http on the hosts of plain.
func (as *AuthorizationServer) badEndpoints(plain fetch.PlainHosts) []string {
	loopback := fetch.IsLoopbackURL(as.Issuer)
	var names []string
	for member, url := range as.Endpoints() {
		if fetch.CheckURL(plain.Secured(url), loopback) != nil {
			names = append(names, member)
		}
	}
	return names
}
