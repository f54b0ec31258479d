package mcpmsg

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/mcpmethod"
)

const metaVersion = "io.modelcontextprotocol/protocolVersion"

// message is a Message being read, with what the headers are held against.
type message struct {
	Message
	text   []byte // as it stands in the body
	claims headers
	envelope
	params params
	facts  mcpmethod.Method
	// version is the protocol version that params._meta claims, "" for none.
	version string
}

// envelope has of a message what stands outside its params. The first byte of a
// value tells its type. What is absent is zero.
type envelope struct {
	id, method                      jsonx.Span
	isVersion2                      bool
	paramsKind, resultKind, errKind byte
}

// params has those members of params that are read once the method is known, and
// the first faults in params and in their _meta.
type params struct {
	name, uri, taskID, ref, filter, arguments jsonx.Span
	meta                                      byte
	fault, metaFault                          *Error
}

// The levels of a message's members that matter. Below these is _meta.
const (
	ofEnvelope = 1 + iota
	ofParams
)

// parse reads one message, in one pass.
func (m *message) parse(depth int) *Error {
	err := jsonx.WalkInto(m.text, depth, looksInto, func(level int, name []byte, value jsonx.Span) error {
		switch level {
		case ofEnvelope:
			return m.takeMember(name, value)
		case ofParams:
			m.takeParam(name, value)
		default:
			m.takeMeta(name, value)
		}
		return nil
	})
	if err != nil {
		return faultOf(err)
	}
	if id := m.value(m.id); !isAbsent(id) {
		if !isID(id) {
			return invalid("the id is neither a string nor an integer")
		}
		m.ID = id
	}
	if fault := m.read(); fault != nil {
		fault.ID = m.ID
		return fault
	}
	return nil
}

// value returns a value as it stands in the body, nil if it is absent.
func (m *message) value(at jsonx.Span) []byte {
	if at == (jsonx.Span{}) {
		return nil
	}
	return at.Of(m.text)
}

// looksInto names the members whose members matter: params, and _meta in it.
func looksInto(level int, name []byte) bool {
	return level == ofEnvelope && string(name) == "params" || level == ofParams && string(name) == "_meta"
}

func (m *message) takeMember(name []byte, value jsonx.Span) error {
	first := m.text[value.From]
	switch string(name) {
	case "jsonrpc":
		m.isVersion2 = isVersion2(value.Of(m.text))
	case "id":
		m.id = value
	case "method":
		m.method = value
	case "params":
		m.paramsKind = first
	case "result":
		m.resultKind = first
	case "error":
		m.errKind = first
	default:
		if foldsTo(name, "jsonrpc", "id", "method", "params", "result", "error") {
			return ambiguous()
		}
	}
	return nil
}

//go:noinline
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
	if raw[0] == '"' || isShortNumber(raw) {
		return true
	}
	const safe = 1<<53 - 1
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return err == nil && -safe <= n && n <= safe && string(raw) != "-0"
}

// isShortNumber tells the usual ID: a JSON number of few digits and nothing else.
func isShortNumber(raw []byte) bool {
	for _, c := range raw {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(raw) <= 15
}

func (m *message) read() *Error {
	if !m.isVersion2 {
		return invalid(`jsonrpc is not "2.0"`)
	}
	method := m.value(m.method)
	if method == nil {
		// A response has no params: what is called so in one says nothing.
		m.params, m.version = params{}, ""
		return m.readResponse()
	}
	if m.resultKind != 0 || m.errKind != 0 {
		return invalid("both a request and a response")
	}
	if m.ID == nil && m.value(m.id) != nil {
		return invalid("the id of a request is null")
	}
	var ok bool
	if m.Method, ok = m.claims.text(method, m.claims.method, maxMethod); !ok {
		return invalid("the method is no usable string")
	}
	m.Arguments = m.value(m.params.arguments)
	return m.readParams()
}

// text reads a string of the body that may decide; see isText. It is not copied
// where it is the one that a header has, which has no control characters.
func (h *headers) text(raw []byte, header string, limit int) (string, bool) {
	if last := len(raw) - 1; last > 0 && raw[0] == '"' && string(raw[1:last]) == header &&
		!h.malformed && strings.IndexByte(header, '\\') < 0 {
		return header, header != "" && len(header) <= limit
	}
	text, ok := jsonx.String(raw)
	return text, ok && isText(text, limit)
}

func isVersion2(raw []byte) bool {
	if string(raw) == `"2.0"` {
		return true
	}
	version, _ := jsonx.String(raw)
	return version == "2.0"
}

func (m *message) readResponse() *Error {
	switch {
	case m.resultKind == 0 && m.errKind == 0:
		return invalid("neither a request nor a response")
	case m.resultKind != 0 && m.errKind != 0:
		return invalid("a response with both result and error")
	case m.errKind != 0 && m.errKind != '{':
		return invalid("a response's error is no object")
	case m.ID == nil && (m.resultKind != 0 || m.value(m.id) == nil):
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
func (m *message) takeParam(name []byte, value jsonx.Span) {
	p := &m.params
	switch string(name) {
	case "name":
		p.name = value
	case "uri":
		p.uri = value
	case "taskId":
		p.taskID = value
	case "ref":
		p.ref = value
	case "notifications":
		p.filter = value
	case "_meta":
		p.meta = m.text[value.From]
	case "arguments":
		p.arguments = value
	case "cursor", "task", "requestState", "inputResponses": // not read, but in one spelling only
	default:
		if foldsTo(name, "name", "uri", "taskId", "ref", "notifications", "_meta", "arguments",
			"cursor", "task", "requestState", "inputResponses") && p.fault == nil {
			p.fault = ambiguous()
		}
	}
}

// takeMeta is given the members of params._meta.
func (m *message) takeMeta(name []byte, value jsonx.Span) {
	switch {
	case m.params.metaFault != nil:
	case string(name) == metaVersion:
		m.params.metaFault = m.setVersion(value.Of(m.text))
	case foldsTo(name, metaVersion):
		m.params.metaFault = ambiguous()
	}
}

func (m *message) setVersion(raw []byte) *Error {
	version, ok := m.claims.text(raw, m.claims.version, maxVersion)
	if !ok {
		return badParams("the protocol version in params._meta is no usable string")
	}
	m.version = version
	return nil
}

func (m *message) readName() *Error {
	m.facts = mcpmethod.Of(m.Method)
	var name jsonx.Span
	switch m.facts.Member {
	case mcpmethod.MemberName:
		name = m.params.name
	case mcpmethod.MemberURI:
		name = m.params.uri
		if isAbsent(m.value(name)) && m.facts.IsRemoved && m.version >= modernSince {
			return nil // the server says that there is no such method
		}
	case mcpmethod.MemberTaskID:
		name = m.params.taskID
	case mcpmethod.MemberRef:
		return m.readRef(m.value(m.params.ref))
	case mcpmethod.MemberResources:
		return m.readFilter(m.value(m.params.filter))
	default:
		return nil
	}
	return m.setName(m.value(name))
}

func (m *message) setName(raw []byte) *Error {
	name, ok := m.claims.text(raw, m.claims.name, maxName)
	if !ok {
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
		m.Ref = mcpmethod.RefPrompt
		return m.setName(name)
	case text == "ref/resource" && name == nil:
		m.Ref = mcpmethod.RefResource
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
