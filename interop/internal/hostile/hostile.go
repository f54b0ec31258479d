// Package hostile makes requests that two readers may understand differently:
// members twice, in other spellings or in other places, batches, headers that
// disagree with the body, odd numbers, encodings, and bodies that end too early or
// too late. Each tries to run one tool while it looks like a call of another.
//
// A request is made from a seed and its index alone, so that it can be made
// again.
package hostile

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
)

// Tools are the names that requests are made of.
type Tools struct {
	// Allowed may be called, Forbidden must not run.
	Allowed, Forbidden string
}

// Request is one POST to an MCP server. It has no credentials.
type Request struct {
	Header http.Header
	Query  string
	Body   []byte
	// Tricks names what was done to it.
	Tricks []string
}

// maxTricks is how many tricks a request has at most.
const maxTricks = 3

// New makes the request of that index in the series of a seed.
func (t Tools) New(seed, index uint64) Request {
	rng := rand.New(rand.NewPCG(seed, index))
	d := t.draft(rng)
	all := tricks()
	var names []string
	for range rng.IntN(maxTricks + 1) {
		trick := all[rng.IntN(len(all))]
		trick.play(d)
		names = append(names, trick.name)
	}
	return Request{Header: d.header, Query: d.query, Body: d.body(), Tricks: names}
}

// member is a member of a JSON object. Both parts are JSON as it is sent.
type member struct{ key, value string }

// draft is a request that tricks change.
type draft struct {
	*rand.Rand

	tools  Tools
	header http.Header
	query  string

	top, params []member // a value of paramsHere stands for params
	after       []func([]byte) []byte
}

const paramsHere = "\x00params"

// draft makes an honest call of one of the tools, in the manner of a client of
// either era.
func (t Tools) draft(rng *rand.Rand) *draft {
	d := &draft{Rand: rng, tools: t, header: http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
	}}
	name := d.tool()
	d.params = []member{{`"name"`, quote(name)}, {`"arguments"`, `{}`}}
	version := []string{"2025-03-26", "2025-06-18", "2025-11-25"}[rng.IntN(3)]
	if rng.IntN(2) == 0 {
		version = "2026-07-28"
		d.header["Mcp-Method"], d.header["Mcp-Name"] = []string{"tools/call"}, []string{name}
		d.params = append(d.params, member{`"_meta"`, `{"io.modelcontextprotocol/protocolVersion":"` + version +
			`","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`})
	}
	d.header["Mcp-Protocol-Version"] = []string{version}
	d.top = []member{
		{`"jsonrpc"`, `"2.0"`}, {`"id"`, strconv.Itoa(rng.IntN(1000))}, {`"method"`, `"tools/call"`}, {`"params"`, paramsHere},
	}
	return d
}

// tool is more often the one that is allowed: a trick then smuggles the other.
func (d *draft) tool() string {
	if d.IntN(3) == 0 {
		return d.tools.Forbidden
	}
	return d.tools.Allowed
}

// pick returns one of several texts.
func (d *draft) pick(texts ...string) string { return texts[d.IntN(len(texts))] }

// object picks one of the objects of the message.
func (d *draft) object() *[]member {
	if d.IntN(3) == 0 {
		return &d.top
	}
	return &d.params
}

// insert puts a member at any place of an object.
func (d *draft) insert(object *[]member, m member) {
	at := d.IntN(len(*object) + 1)
	*object = append((*object)[:at:at], append([]member{m}, (*object)[at:]...)...)
}

// find returns the first member whose key is the one given, quoted.
func find(object []member, key string) *member {
	for i := range object {
		if object[i].key == quote(key) {
			return &object[i]
		}
	}
	return &member{} // a trick has renamed it: what is written here is lost
}

func (d *draft) body() []byte {
	text := strings.ReplaceAll(render(d.top), paramsHere, render(d.params))
	body := []byte(text)
	for _, change := range d.after {
		body = change(body)
	}
	return body
}

func render(object []member) string {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range object {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(m.key + ":" + m.value)
	}
	b.WriteByte('}')
	return b.String()
}

func quote(text string) string { return `"` + text + `"` }

// call is a whole message that calls a tool.
func call(name string) string {
	return `{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"` + name + `","arguments":{}}}`
}
