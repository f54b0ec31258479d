package lookup

import (
	"hash/maphash"
	"math/rand/v2"
	"testing"
)

// Lines take turns, a line keeps its order, and what is removed leaves no trace.
func TestQueueTakesTurns(t *testing.T) {
	t.Parallel()
	var q queue[int]
	ask := func(caller uint64, token string) *question[int] {
		x := &question[int]{token: token}
		if late := q.push(x, caller); late != nil {
			t.Errorf("%s: %s was turned away", token, late.token)
		}
		return x
	}
	for _, token := range []string{"a1", "a2", "a3", "a4"} {
		ask(1, token)
	}
	gone := ask(2, "b1")
	ask(2, "b2")
	ask(1+lines, "a5") // another caller of the same line
	ask(3, "c1")
	q.remove(gone)
	for _, want := range []string{"a1", "b2", "c1", "a2", "a3", "a4", "a5"} {
		if x := q.pop(); x == nil || x.token != want {
			t.Fatalf("got %+v, want %s", x, want)
		}
	}
	if x := q.pop(); x != nil || q.length != 0 {
		t.Errorf("%+v is left of %d", x, q.length)
	}
}

// A full queue turns away the last of its longest line.
func TestFullQueue(t *testing.T) {
	t.Parallel()
	var q queue[int]
	for range maxWaiting - 1 {
		q.push(&question[int]{}, 1)
	}
	last := &question[int]{}
	q.push(last, 1)
	if own := (&question[int]{}); q.push(own, 1) != own {
		t.Error("another one of the longest line is not turned away")
	}
	if late := q.push(&question[int]{}, 2); late != last || late.line != nil {
		t.Error("a question of another line did not take the place of the last of the longest")
	}
	if q.length != maxWaiting || q.lines[1].length != maxWaiting-1 || q.lines[2].length != 1 {
		t.Errorf("%d wait, %d and %d in the lines", q.length, q.lines[1].length, q.lines[2].length)
	}
}

// Whatever happens, what is counted is there.
func TestQueueCounts(t *testing.T) {
	t.Parallel()
	var q queue[int]
	var waiting []*question[int]
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		switch at := random.IntN(3); {
		case at == 0 && len(waiting) > 0:
			x := waiting[random.IntN(len(waiting))]
			if x.line != nil {
				q.remove(x)
			}
		case at == 1:
			q.pop()
		default:
			x := &question[int]{}
			q.push(x, random.Uint64N(lines))
			waiting = append(waiting, x)
		}
	}
	there := 0
	for _, x := range waiting {
		if x.line != nil {
			there++
		}
	}
	if q.length != there {
		t.Errorf("%d are counted, %d wait", q.length, there)
	}
	for ; q.pop() != nil; there-- {
	}
	if there != 0 || q.length != 0 {
		t.Errorf("%d and %d are left", there, q.length)
	}
}

func TestCallerHash(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1:1", "192.0.2.1:2", true},
		{"192.0.2.1:1", "192.0.2.2:1", false},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:1", true},
		{"[2001:db8::1]:1", "[2001:db8::2:3]:4", true},
		{"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
		{"[fe80::1%eth0]:1", "[fe80::1%eth1]:1", true},
		{"", "", true},
		{"@", "", false},
	} {
		if same := callerHash(seed, test.a) == callerHash(seed, test.b); same != test.same {
			t.Errorf("%s and %s: the same %t", test.a, test.b, same)
		}
	}
}
