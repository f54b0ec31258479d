package hostile

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
)

var tools = Tools{Allowed: "allowed", Forbidden: "forbidden"}

func TestNewRepeats(t *testing.T) {
	t.Parallel()
	for index := range uint64(500) {
		a, b := tools.New(1, index), tools.New(1, index)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("request %d is not the same again", index)
		}
	}
	if reflect.DeepEqual(tools.New(1, 0), tools.New(2, 0)) && reflect.DeepEqual(tools.New(1, 1), tools.New(2, 1)) {
		t.Error("two seeds make the same requests")
	}
}

// Every trick is played, and some requests are honest calls of either tool.
func TestNewPlaysAllTricks(t *testing.T) {
	t.Parallel()
	played := map[string]int{}
	honest := map[string]int{}
	for index := range uint64(5000) {
		r := tools.New(7, index)
		for _, name := range r.Tricks {
			played[name]++
		}
		if len(r.Tricks) > 0 {
			continue
		}
		var message struct{ Params struct{ Name string } }
		if err := json.Unmarshal(r.Body, &message); err != nil {
			t.Fatalf("%v: %s", err, r.Body)
		}
		honest[message.Params.Name]++
	}
	for _, trick := range tricks() {
		if played[trick.name] == 0 {
			t.Errorf("%q was never played", trick.name)
		}
	}
	if honest[tools.Allowed] == 0 || honest[tools.Forbidden] == 0 {
		t.Errorf("honest calls: %v", honest)
	}
}

func TestTricksChangeTheRequest(t *testing.T) {
	t.Parallel()
	for _, trick := range tricks() {
		changed := false
		for seed := range uint64(200) {
			d := tools.draft(rand.New(rand.NewPCG(seed, 0)))
			before, header, query := d.body(), d.header.Clone(), d.query
			trick.play(d)
			if !bytes.Equal(before, d.body()) || !reflect.DeepEqual(header, d.header) || query != d.query {
				changed = true
			}
		}
		if !changed {
			t.Errorf("%q changes nothing", trick.name)
		}
	}
}
