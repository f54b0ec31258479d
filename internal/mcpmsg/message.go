package mcpmsg

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/mcp-auth/go/internal/jsonx"
)

const metaVersion = "io.modelcontextprotocol/protocolVersion"

// message is a Message being read, with what the headers are held against.
type message struct {
	Message
	claims headers
	envelope
	params params
	// version is the protocol version that params._meta claims, "" for none.
	version string
}

// envelope has of a message what stands outside its params. The first byte of a
// value tells its type; 0 stands for one that is absent.
type envelope struct {
	id, method                      []byte // as they stand in the body, nil if absent
	isVersion2                      bool
	paramsKind, resultKind, errKind byte
}

// params has those members of params that name something, as they stand in the
// body, and the first faults in params and in their _meta.
type params struct {
	name, uri, taskID, ref, filter []byte
	meta                           byte
	fault, metaFault               *Error
}

// The levels of a message's members that matter.
const (
	ofEnvelope = 1 + iota
	ofParams
	ofMeta
)

// parse reads one message, in one pass.
func (m *message) parse(raw []byte, depth int) *Error {
	err := jsonx.WalkInto(raw, depth, looksInto, func(level int, name, raw []byte) error {
		switch level {
		case ofEnvelope:
			return m.takeMember(name, raw)
		case ofParams:
			m.takeParam(name, raw)
		default:
			m.takeMeta(name, raw)
		}
		return nil
	})
	if err != nil {
		return faultOf(err)
	}
	if m.id != nil && string(m.id) != "null" {
		if !isID(m.id) {
			return invalid("the id is neither a string nor an integer")
		}
		m.ID = m.id
	}
	if fault := m.read(); fault != nil {
		fault.ID = m.ID
		return fault
	}
	return nil
}

// looksInto names the members whose members matter: params, and _meta in it.
func looksInto(level int, name []byte) bool {
	return level == ofEnvelope && string(name) == "params" || level == ofParams && string(name) == "_meta"
}

func (m *message) takeMember(name, raw []byte) error {
	switch string(name) {
	case "jsonrpc":
		m.isVersion2 = isVersion2(raw)
	case "id":
		m.id = raw
	case "method":
		m.method = raw
	case "params":
		m.paramsKind = raw[0]
	case "result":
		m.resultKind = raw[0]
	case "error":
		m.errKind = raw[0]
	default:
		if foldsTo(name, "jsonrpc", "id", "method", "params", "result", "error") {
			return ambiguous()
		}
	}
	return nil
}

func ambiguous() *Error { return invalid("a member's name differs from a reserved one in case only") }

// foldsTo reports whether a reader that ignores case, as encoding/json does,
// takes name for one of those reserved.
func foldsTo(name []byte, reserved ...string) bool {
	for _, r := range reserved {
		// k and s have a third form, of three and of two bytes.
		if len(name) >= len(r) && len(name) <= 3*len(r) && strings.EqualFold(string(name), r) {
			return true
		}
	}
	return false
}

// isID accepts a string or an integer that every reader takes for the same
// number: go-sdk cuts fractions off, and beyond 2^53 a double rounds.
func isID(raw []byte) bool {
	if len(raw) > maxIDLength {
		return false
	}
	if raw[0] == '"' {
		return true
	}
	const safe = 1<<53 - 1
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return err == nil && -safe <= n && n <= safe && string(raw) != "-0"
}

func (m *message) read() *Error {
	if !m.isVersion2 {
		return invalid(`jsonrpc is not "2.0"`)
	}
	if m.method == nil {
		// A response has no params: what is called so in one says nothing.
		m.Arguments, m.params, m.version = nil, params{}, ""
		return m.readResponse()
	}
	if m.resultKind != 0 || m.errKind != 0 {
		return invalid("both a request and a response")
	}
	if m.id != nil && m.ID == nil {
		return invalid("the id of a request is null")
	}
	method, ok := textOf(m.method, m.claims.method)
	if !ok || !isText(method, maxMethod) {
		return invalid("the method is no usable string")
	}
	m.Method = method
	return m.readParams()
}

// textOf reads a string, without a copy where it is the one that a header has.
func textOf(raw []byte, header string) (string, bool) {
	if plain, ok := jsonx.Plain(raw); ok && string(plain) == header {
		return header, true
	}
	return jsonx.String(raw)
}

func isVersion2(raw []byte) bool {
	if string(raw) == `"2.0"` {
		return true
	}
	version, _ := jsonx.String(raw)
	return version == "2.0"
}

func (e *envelope) readResponse() *Error {
	switch {
	case e.resultKind == 0 && e.errKind == 0:
		return invalid("neither a request nor a response")
	case e.resultKind != 0 && e.errKind != 0:
		return invalid("a response with both result and error")
	case e.errKind != 0 && e.errKind != '{':
		return invalid("a response's error is no object")
	case e.id == nil, e.resultKind != 0 && string(e.id) == "null":
		return invalid("a response without an id")
	}
	return nil
}

// isText tells a string that may decide: neither empty nor long, and without
// what a log or a header would not show.
func isText(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == '\x7f':
			return false
		case c > '\x7f':
			return strings.IndexFunc(s[i:], unicode.IsControl) < 0
		}
	}
	return true
}

func (m *message) readParams() *Error {
	switch {
	case !isObjectOrAbsent(m.paramsKind):
		return badParams("params is no object")
	case m.params.fault != nil:
		return m.params.fault
	case !isObjectOrAbsent(m.params.meta):
		return badParams("params._meta is no object")
	case m.params.metaFault != nil:
		return m.params.metaFault
	}
	return m.readName()
}

// isObjectOrAbsent tells by the first byte of a value.
func isObjectOrAbsent(first byte) bool { return first == 0 || first == 'n' || first == '{' }

// isAbsent tells a member that is missing or null; servers do not tell the two
// apart.
func isAbsent(raw []byte) bool { return raw == nil || string(raw) == "null" }

// takeParam is given the members of params. A fault of theirs counts if the
// message has none.
func (m *message) takeParam(name, raw []byte) {
	p := &m.params
	switch string(name) {
	case "name":
		p.name = raw
	case "uri":
		p.uri = raw
	case "taskId":
		p.taskID = raw
	case "ref":
		p.ref = raw
	case "notifications":
		p.filter = raw
	case "_meta":
		p.meta = raw[0]
	case "arguments":
		m.Arguments = raw
	case "cursor", "task", "requestState", "inputResponses": // not read, but in one spelling only
	default:
		if foldsTo(name, "name", "uri", "taskId", "ref", "notifications", "_meta", "arguments",
			"cursor", "task", "requestState", "inputResponses") && p.fault == nil {
			p.fault = ambiguous()
		}
	}
}

// takeMeta is given the members of params._meta.
func (m *message) takeMeta(name, raw []byte) {
	switch {
	case m.params.metaFault != nil:
	case string(name) == metaVersion:
		m.params.metaFault = m.setVersion(raw)
	case foldsTo(name, metaVersion):
		m.params.metaFault = ambiguous()
	}
}

func (m *message) setVersion(raw []byte) *Error {
	version, ok := textOf(raw, m.claims.version)
	if !ok || !isText(version, maxVersion) {
		return badParams("the protocol version in params._meta is no usable string")
	}
	m.version = version
	return nil
}

// source says which member of params a method takes its name from.
type source int

const (
	fromNothing source = iota
	fromName
	fromURI
	fromTask
	fromRef
	fromFilter
)

func sourceOf(method string) source {
	switch method {
	case "tools/call", "prompts/get":
		return fromName
	case "resources/read", "resources/subscribe", "resources/unsubscribe":
		return fromURI
	case "tasks/get", "tasks/result", "tasks/cancel", "tasks/update":
		return fromTask
	case "completion/complete":
		return fromRef
	case "subscriptions/listen":
		return fromFilter
	default:
		return fromNothing
	}
}

func (m *message) readName() *Error {
	switch sourceOf(m.Method) {
	case fromName:
		return m.setName(m.params.name)
	case fromURI:
		if isAbsent(m.params.uri) && m.isRemoved() {
			return nil // the server says that there is no such method
		}
		return m.setName(m.params.uri)
	case fromTask:
		return m.setName(m.params.taskID)
	case fromRef:
		return m.readRef(m.params.ref)
	case fromFilter:
		return m.readFilter(m.params.filter)
	default:
		return nil
	}
}

// isRemoved reports methods of earlier revisions than the one params._meta names.
func (m *message) isRemoved() bool {
	return m.version >= modernSince && (m.Method == "resources/subscribe" || m.Method == "resources/unsubscribe")
}

func (m *message) setName(raw []byte) *Error {
	name, ok := textOf(raw, m.claims.name)
	if !ok || !isText(name, maxName) {
		return badParams("what the method is to act on is not named by a usable string")
	}
	m.Name = name
	return nil
}

// readRef reads the reference of completion/complete. One with both a name and
// a URI is refused: servers differ on it.
func (m *message) readRef(raw []byte) *Error {
	if len(raw) == 0 || raw[0] != '{' {
		return badParams("params.ref is no object")
	}
	var kind, name, uri []byte
	for member, value := range members(raw) {
		switch string(member) {
		case "type":
			kind = value
		case "name":
			name = value
		case "uri":
			uri = value
		default:
			if foldsTo(member, "type", "name", "uri") {
				return ambiguous()
			}
		}
	}
	switch text, _ := jsonx.String(kind); {
	case text == "ref/prompt" && uri == nil:
		m.Ref = "prompt"
		return m.setName(name)
	case text == "ref/resource" && name == nil:
		m.Ref = "resource"
		return m.setName(uri)
	default:
		return badParams("params.ref is no reference to a prompt or a resource")
	}
}

// readFilter reads which resources a subscriptions/listen names.
func (m *message) readFilter(raw []byte) *Error {
	if isAbsent(raw) {
		return nil
	}
	if raw[0] != '{' {
		return badParams("params.notifications is no object")
	}
	for name, value := range members(raw) {
		if string(name) != "resourceSubscriptions" {
			if foldsTo(name, "resourceSubscriptions") {
				return ambiguous()
			}
			continue
		}
		if fault := m.readURIs(value); fault != nil {
			return fault
		}
	}
	return nil
}

func (m *message) readURIs(raw []byte) *Error {
	if isAbsent(raw) {
		return nil
	}
	uris, ok := jsonx.Strings(raw)
	if !ok || len(uris) > maxMore {
		return badParams("resourceSubscriptions is no list of strings, or too long")
	}
	for _, uri := range uris {
		if !isText(uri, maxName) {
			return badParams("resourceSubscriptions has an unusable URI")
		}
	}
	if len(uris) > 0 {
		m.Name, m.More = uris[0], uris[1:]
	}
	return nil
}
