package lookup

import (
	"hash/maphash"
	"net/netip"
	"time"

	"github.com/mcp-auth/go/internal/flight"
)

const (
	// lines is how many lines questions wait in. Callers are spread over them, so
	// one that asks without end holds up only those that share its line.
	lines = 64
	// maxWaiting is how many questions wait in one queue.
	maxWaiting = 4096
)

// question is one question to the server, shared by all callers that ask about its
// token.
type question[A any] struct {
	flight   *flight.Flight[A]
	key      tokenHash
	token    string
	deadline time.Time

	// While it waits.
	line       *line[A] // nil: it does not wait
	timer      *time.Timer
	prev, next *question[A]
}

// queue holds questions that wait for their turn. Its lines take turns, and within
// a line the first to come is the first to be asked.
type queue[A any] struct {
	lines  [lines]line[A]
	turn   int
	length int
}

type line[A any] struct {
	first, last *question[A]
	length      int
}

// push adds a question of a caller. If the queue is full, the last question of the
// longest line is turned away and returned, which may be this one.
func (q *queue[A]) push(x *question[A], caller uint64) (turnedAway *question[A]) {
	own := &q.lines[caller%lines]
	if q.length >= maxWaiting {
		longest := own
		for i := range q.lines {
			if l := &q.lines[i]; l.length > longest.length {
				longest = l
			}
		}
		if longest == own {
			return x
		}
		turnedAway = longest.last
		q.remove(turnedAway)
	}
	x.line, x.prev = own, own.last
	if own.last == nil {
		own.first = x
	} else {
		own.last.next = x
	}
	own.last = x
	own.length++
	q.length++
	return turnedAway
}

// pop removes the question whose turn it is, nil if none waits.
func (q *queue[A]) pop() *question[A] {
	if q.length == 0 {
		return nil
	}
	for q.lines[q.turn].first == nil {
		q.turn = (q.turn + 1) % lines
	}
	x := q.lines[q.turn].first
	q.turn = (q.turn + 1) % lines
	q.remove(x)
	return x
}

// remove removes a question that waits.
func (q *queue[A]) remove(x *question[A]) {
	l := x.line
	if x.prev == nil {
		l.first = x.next
	} else {
		x.prev.next = x.next
	}
	if x.next == nil {
		l.last = x.prev
	} else {
		x.next.prev = x.prev
	}
	l.length--
	q.length--
	x.line, x.prev, x.next = nil, nil, nil
	if x.timer != nil {
		x.timer.Stop()
	}
}

// callerHash is a hash of the network that a caller's address is in: the address
// itself, or the /64 of an IPv6 address, of which one host has all. A text that is
// no address is hashed as it is.
func callerHash(seed maphash.Seed, from string) uint64 {
	peer, err := netip.ParseAddrPort(from)
	if err != nil {
		return maphash.String(seed, from)
	}
	addr := peer.Addr().Unmap().WithZone("")
	if addr.Is6() {
		network, _ := addr.Prefix(64) // 64 is a possible length
		addr = network.Addr()
	}
	return maphash.Comparable(seed, addr)
}
