package registration

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/limit"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/respond"
	"github.com/mcp-auth/go/internal/authserver/store"
)

const maxBodyBytes = 64 << 10

// Programs and web pages register at rates of their own, because any page that a
// user visits can reach a server on loopback. Both together add fewer clients an
// hour than the store keeps, so that it always has an unused one to drop.
const (
	programBurst = 200
	programRate  = 2.0 // a second
	pageBurst    = 30
	pageRate     = 0.5
)

// Config configures an [Endpoint].
type Config struct {
	Clients store.Clients
	// TTL is how long clients live.
	TTL time.Duration
	// PrivateUse allows redirect URIs with private-use schemes.
	PrivateUse bool
	Respond    respond.Responder
	Log        *slog.Logger
	Now        func() time.Time
}

// Endpoint is the client registration endpoint (RFC 7591 §3). It registers any
// client, at a bounded rate and for a limited time. It also finds the clients
// that it registered.
type Endpoint struct {
	Config
	programs, pages *limit.Bucket
}

var _ client.Finder = (*Endpoint)(nil)

// NewEndpoint returns a client registration endpoint.
func NewEndpoint(c Config) *Endpoint {
	return &Endpoint{
		Config: c, programs: limit.NewBucket(programBurst, programRate), pages: limit.NewBucket(pageBurst, pageRate),
	}
}

// response is a client information response (RFC 7591 §3.2.1).
type response struct {
	ClientID              string `json:"client_id"`
	ClientIDIssuedAt      int64  `json:"client_id_issued_at"`
	ClientSecret          string `json:"client_secret,omitempty"`
	ClientSecretExpiresAt *int64 `json:"client_secret_expires_at,omitempty"`
	Metadata
}

// stored is a client at rest.
type stored struct {
	Metadata   Metadata `json:"metadata"`
	SecretHash []byte   `json:"secret_hash,omitempty"`
}

// Find implements [client.Finder].
func (e *Endpoint) Find(ctx context.Context, id string) (*client.Client, error) {
	raw, err := e.Clients.Client(ctx, id, e.Now())
	if errors.Is(err, store.ErrUnknown) {
		return nil, client.ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	var s stored
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, errors.New("a stored client cannot be read")
	}
	c, err := s.Metadata.Client(id, client.SelfRegistered)
	if err != nil {
		return nil, err
	}
	c.SecretHash = s.SecretHash
	return c, nil
}

// ServeHTTP registers a client. The response repeats the scope that the client
// names, which does not limit what the client can ask for later: clients
// register with their first scope and step up.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !e.limit(r).Allow(e.Now()) {
		w.Header().Set("Retry-After", "2")
		e.Respond.Error(w, r, oauth.TooManyRequests("too many registrations"))
		return
	}
	registered, err := e.register(w, r)
	if err != nil {
		e.Respond.Error(w, r, err)
		return
	}
	e.Respond.JSON(w, r, http.StatusCreated, registered)
}

// limit returns the rate limit for a request. Browsers name the origin of a page
// in requests to other origins.
func (e *Endpoint) limit(r *http.Request) *limit.Bucket {
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
		return e.pages
	}
	return e.programs
}

func (e *Endpoint) register(w http.ResponseWriter, r *http.Request) (*response, error) {
	m, err := read(w, r)
	if err != nil {
		return nil, err
	}
	// client_secret_basic is the default of RFC 7591 §2.
	terms := Terms{Methods: oauth.AuthMethods(), DefaultMethod: oauth.AuthBasic, PrivateUse: e.PrivateUse}
	if err := m.Settle(terms); err != nil {
		return nil, err
	}
	return e.add(r.Context(), m)
}

func read(w http.ResponseWriter, r *http.Request) (*Metadata, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, invalidMetadata("the body must be application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		return nil, invalidMetadata("the body cannot be read, or is too large")
	}
	m, err := Parse(body)
	if err != nil {
		return nil, invalidMetadata("the body is not client metadata: " + err.Error())
	}
	return m, nil
}

// add stores a client with settled metadata.
func (e *Endpoint) add(ctx context.Context, m *Metadata) (*response, error) {
	now := e.Now()
	id, expires := rand.Text(), now.Add(e.TTL)
	added := &response{ClientID: id, ClientIDIssuedAt: now.Unix(), Metadata: *m}
	s := stored{Metadata: *m}
	if slices.Contains([]string{oauth.AuthBasic, oauth.AuthPost}, m.TokenEndpointAuthMethod) {
		added.ClientSecret = rand.Text() + rand.Text()
		expiry := expires.Unix()
		added.ClientSecretExpiresAt = &expiry
		s.SecretHash = client.HashSecret(added.ClientSecret)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	err = e.Clients.AddClient(ctx, store.Client{ID: id, Data: data, Expires: expires}, now)
	if errors.Is(err, store.ErrFull) {
		return nil, oauth.Unavailable("too many clients are registered")
	}
	if err != nil {
		return nil, err
	}
	e.Log.InfoContext(ctx, "registered a client", "client", id, "name", m.ClientName)
	return added, nil
}
