package checkweb

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/mcp-auth/go/check"
)

// result is a report that is kept.
type result struct {
	ID     string
	Target target
	Report *check.Report
	Ended  time.Time
	Took   time.Duration
	// Cut says that time was up before the check had ended.
	Cut bool
}

// store keeps the latest reports.
type store struct {
	mu     sync.Mutex
	latest []*result // oldest first
	max    int
}

func newStore(max int) *store { return &store{max: max} }

// add keeps a report, and gives it the name that it can be asked for by, which
// no one can guess.
func (s *store) add(r *result) {
	r.ID = rand.Text()
	r.Target.token = ""
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = append(s.latest, r)
	if len(s.latest) > s.max {
		s.latest = append([]*result(nil), s.latest[1:]...)
	}
}

// get returns nil if there is no such report, or no more.
func (s *store) get(id string) *result {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.latest {
		if r.ID == id {
			return r
		}
	}
	return nil
}
