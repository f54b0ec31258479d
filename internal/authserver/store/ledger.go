package store

import (
	"time"

	"github.com/mcp-auth/go/internal/authserver/expiring"
)

// ledger remembers identifiers in memory and counts them by kind and owner.
type ledger struct {
	ids    *expiring.Map[string, share]
	kinds  map[string]int
	owners map[share]int
}

// share is what an owner has of a kind.
type share struct{ kind, owner string }

func newLedger() *ledger {
	return &ledger{ids: expiring.NewMap[string, share](), kinds: map[string]int{}, owners: map[share]int{}}
}

func (l *ledger) consume(id UsedID, now time.Time) error {
	l.forget(now)
	if _, used := l.ids.Get(id.ID, now); used {
		return ErrReplayed
	}
	s := share{id.Kind, id.Owner}
	if l.kinds[s.kind] >= MaxIDs || s.owner != "" && l.owners[s] >= MaxIDsOfOwner {
		return ErrFull
	}
	l.ids.Put(id.ID, s, id.Until)
	l.kinds[s.kind]++
	l.owners[s]++
	return nil
}

func (l *ledger) forget(now time.Time) {
	for {
		s, ok := l.ids.PopEnded(now)
		if !ok {
			return
		}
		l.kinds[s.kind]--
		if l.owners[s]--; l.owners[s] == 0 {
			delete(l.owners, s)
		}
	}
}
