// Package legacysse is the transport HTTP+SSE of the revision 2024-11-05, as far as
// a gateway takes part in it: the first event of a stream names the URL for
// messages, for which clients get another one.
package legacysse

import (
	"crypto/rand"
	"errors"
	"net/url"
	"sync"
)

// maxSessions bounds the sessions of one upstream. Each has a stream that is open.
const maxSessions = 100_000

var errTooMany = errors.New("too many sessions are open")

// Sessions are the open streams of one upstream. The zero value has none.
type Sessions struct {
	mu   sync.Mutex
	open map[string]*session
}

// session is an open stream.
type session struct {
	endpoint *url.URL // of the upstream, for messages
	owner    string   // empty: a caller without a token
}

// Open hands out a session for the stream of an owner, which is empty for a caller
// without a token.
func (s *Sessions) Open(endpoint *url.URL, owner string) (id string, err error) {
	id = rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= maxSessions {
		return "", errTooMany
	}
	if s.open == nil {
		s.open = map[string]*session{}
	}
	s.open[id] = &session{endpoint, owner}
	return id, nil
}

// Close forgets a session.
func (s *Sessions) Close(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// Endpoint returns where the messages of a session go, or nil if it is not known or
// belongs to another caller. A session that was opened without a token becomes that
// of the first caller with one.
func (s *Sessions) Endpoint(id, owner string) *url.URL {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.open[id]
	if found == nil || found.owner != "" && found.owner != owner {
		return nil
	}
	found.owner = owner
	return found.endpoint
}
