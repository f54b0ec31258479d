package stdio

import (
	"errors"
	"sync"
)

var errNoPlace = errors.New("there are as many processes as there may be")

// places counts processes, in all and by user.
type places struct {
	total, perUser int

	mu    sync.Mutex
	taken int
	users map[string]int
}

// take takes a place for a process of a user.
func (p *places) take(user string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.total || p.users[user] >= p.perUser {
		return errNoPlace
	}
	p.taken++
	p.users[user]++
	return nil
}

// free gives a place back.
func (p *places) free(user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.users[user]--; p.users[user] == 0 {
		delete(p.users, user)
	}
}

func (p *places) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}
