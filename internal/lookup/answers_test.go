package lookup

import (
	"testing"
	"time"
)

func numbered(n int) (key tokenHash) {
	key[0], key[1], key[2] = byte(n), byte(n>>8), byte(n>>16)
	return key
}

// Covers RS17. What is remembered is bounded, and nobody can push out answers
// for active tokens with tokens made up.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := newAnswers[int]()
	for n := range maxActive / 2 {
		a.add(numbered(n), n, now, Retention{Until: now.Add(time.Hour), Bytes: 100})
	}
	for n := range 3 * maxInactive {
		a.add(numbered(1<<20+n), n, now, Retention{Until: now.Add(time.Hour), Inactive: true})
	}
	for n := range maxActive / 2 {
		if got, ok := a.get(numbered(n), now); !ok || got != n {
			t.Fatalf("the answer %d is gone", n)
		}
	}
	for n := range 3 * maxActive {
		a.add(numbered(n), n, now, Retention{Until: now.Add(time.Hour), Bytes: 100})
	}
	if n, m := a.active.Len(), a.inactive.Len(); n > maxActive || m > maxInactive {
		t.Errorf("%d active and %d inactive answers", n, m)
	}
	const large = 64 << 10
	for n := range maxActive {
		a.add(numbered(n), n, now, Retention{Until: now.Add(time.Hour), Bytes: large})
	}
	if n := a.active.Len(); n*large > maxBytes {
		t.Errorf("%d large answers", n)
	}
}

// An answer whose time is over is neither used nor held.
func TestAnswersExpire(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := newAnswers[int]()
	a.add(numbered(1), 1, now, Retention{Until: now.Add(time.Minute)})
	a.add(numbered(2), 2, now, Retention{Until: now.Add(time.Minute), Inactive: true})
	a.add(numbered(3), 3, now, Retention{Until: now})
	for key, until := range map[tokenHash]time.Duration{numbered(1): time.Minute, numbered(2): MaxInactive, numbered(3): 0} {
		if _, ok := a.get(key, now.Add(until-1)); ok != (until > 0) {
			t.Errorf("%d, before its time is over: %t", key[0], ok)
		}
		if _, ok := a.get(key, now.Add(until)); ok {
			t.Errorf("%d is used after its time is over", key[0])
		}
	}
	if n := a.active.Len() + a.inactive.Len(); n != 0 {
		t.Errorf("%d answers are held", n)
	}
}
