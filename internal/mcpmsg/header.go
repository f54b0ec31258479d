package mcpmsg

import (
	"encoding/base64"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/mcpmethod"
)

const (
	// modernSince is the first revision whose headers say what the body asks.
	// Versions compare as strings, as the SDKs do.
	modernSince = "2026-07-28"

	headerVersion = "Mcp-Protocol-Version"
	headerMethod  = "Mcp-Method"
	headerName    = "Mcp-Name"

	maxVersion = 64

	sentinelPrefix = "=?base64?"
	sentinelSuffix = "?="
)

// Hint returns what the headers alone say, unproven: it serves the wording of a
// challenge to a caller whose body is not read, and nothing else. It reports
// false before revision 2026-07-28 and for headers that are not well-formed.
func Hint(header http.Header) (Message, bool) {
	h := readHeaders(header)
	if h.malformed || h.version < modernSince || !isText(h.method, maxMethod) {
		return Message{}, false
	}
	hint := Message{Method: h.method}
	switch mcpmethod.Of(h.method).Member {
	case mcpmethod.MemberName, mcpmethod.MemberURI, mcpmethod.MemberTaskID:
		if !isText(h.name, maxName) {
			return Message{}, false
		}
		hint.Name = h.name
	}
	return hint, true
}

// ParseHeaders reads into a zero Request what the headers of a POST alone say, for a
// caller who vouches that the MCP server holds its body against them. Its message has
// no ID and no arguments. Refused is what headers cannot say: anything before revision
// 2026-07-28, and a method that names something without having to repeat it in
// Mcp-Name. Its error is always an *Error; the Request is then not to be used.
func (r *Request) ParseHeaders(header http.Header) error {
	if fault := checkContent(header); fault != nil {
		return fault
	}
	h := readHeaders(header)
	facts := mcpmethod.Of(h.method)
	names := facts.Member != mcpmethod.NoMember
	switch {
	case h.malformed:
		return mismatch("an MCP header is repeated or malformed")
	case h.version < modernSince:
		return invalid("only requests since protocol version 2026-07-28 say in their headers what they ask for")
	case !isText(h.method, maxMethod):
		return mismatch("the Mcp-Method header is missing or malformed")
	case names && !facts.NeedsNameHeader:
		return invalid("the headers of this method do not say what it names")
	case names && !isText(h.name, maxName):
		return mismatch("the Mcp-Name header is missing or malformed")
	case !names && h.name != "":
		return mismatch("the Mcp-Name header names something that the method does not")
	}
	r.one[0], r.read = Message{Method: h.method, Name: h.name}, true
	return nil
}

// headers are what the request's headers claim of the body, "" for nothing.
type headers struct {
	version, method, name string
	// malformed says that a header is repeated or its value is no such value.
	malformed bool
}

func readHeaders(header http.Header) headers {
	version, versionOK := single(header, headerVersion)
	method, methodOK := single(header, headerMethod)
	encoded, nameOK := single(header, headerName)
	name, decoded := decode(encoded)
	return headers{
		version: version, method: method, name: name,
		malformed: !versionOK || !methodOK || !nameOK || !decoded || len(version) > maxVersion,
	}
}

// single returns a header's one value, "" for none. It reports false for
// several and for characters that a header must not have (RFC 9110 §5.5).
func single(header http.Header, key string) (string, bool) {
	values := header[key]
	switch len(values) {
	case 0:
		return "", true
	case 1:
		return values[0], isFieldValue(values[0])
	default:
		return "", false
	}
}

func isFieldValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; (c < ' ' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

// decode undoes the Base64 sentinel (MCP 2026-07-28, Value Encoding).
func decode(value string) (string, bool) {
	if !strings.HasPrefix(value, sentinelPrefix) {
		return value, true
	}
	return decodeSentinel(value)
}

func decodeSentinel(value string) (string, bool) {
	rest, closed := strings.CutSuffix(value[len(sentinelPrefix):], sentinelSuffix)
	if !closed {
		return value, true
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(rest)
	return string(decoded), err == nil && utf8.Valid(decoded)
}

// check holds the headers against the one message of a body.
func (h headers) check(m *message) *Error {
	if fault := h.checkVersion(m); fault != nil {
		return fault
	}
	modern := h.version >= modernSince
	if modern && m.Method == "" {
		return invalid("a response has no place in this protocol version")
	}
	required := modern && m.ID != nil
	if h.method != m.Method && (h.method != "" || required) {
		return mismatch("the Mcp-Method header is not the method of the body")
	}
	if h.name == "" && !(required && m.facts.NeedsNameHeader) || m.isNamed(h.name) {
		return nil
	}
	return mismatch("the Mcp-Name header is not the name in the body")
}

// checkBatched holds the headers against one message of a batch, which may
// have no more than a protocol version that knows batches.
func (h headers) checkBatched(m *message) *Error {
	if fault := h.checkVersion(m); fault != nil {
		return fault
	}
	if h.version >= modernSince || h.method != "" || h.name != "" {
		return invalid("a batch has no place in this protocol version")
	}
	return nil
}

// checkVersion holds the version's header against params._meta. Once it has
// passed, the header alone tells the revision.
func (h headers) checkVersion(m *message) *Error {
	switch {
	case h.malformed:
		return mismatch("an MCP header is repeated or malformed")
	case m.version != "" && h.version == "":
		return mismatch("the MCP-Protocol-Version header is missing")
	case m.version != "" && h.version != m.version:
		return mismatch("the MCP-Protocol-Version header is not the version in params._meta")
	case m.version == "" && h.version >= modernSince && m.Method != "" && m.ID != nil:
		return badParams("params._meta has no protocol version")
	}
	return nil
}

// isNamed reports whether the body names what the header does. A method not
// known here may mirror its name or its URI.
func (m *message) isNamed(name string) bool {
	if m.facts.Member != mcpmethod.NoMember {
		return name == m.Name
	}
	byName, _ := jsonx.String(m.value(m.params.name))
	byURI, _ := jsonx.String(m.value(m.params.uri))
	return name != "" && (name == byName || name == byURI)
}

// checkContent refuses what is not plain JSON in UTF-8. Other character sets
// are refused because the server behind might decode them: UTF-7 hides quotes.
func checkContent(header http.Header) *Error {
	types := header["Content-Type"]
	if len(types) != 1 || !isJSON(types[0]) {
		return unsupported("the Content-Type is not application/json")
	}
	for _, encoding := range header["Content-Encoding"] {
		if !strings.EqualFold(encoding, "identity") {
			return unsupported("the body is compressed or otherwise encoded")
		}
	}
	return nil
}

func isJSON(value string) bool {
	const media = "application/json"
	if value == media {
		return true
	}
	kind, parameters, err := mime.ParseMediaType(value)
	charset, has := parameters["charset"]
	return err == nil && kind == media && (!has || strings.EqualFold(charset, "utf-8"))
}

//go:noinline
func unsupported(text string) *Error {
	return &Error{Status: http.StatusUnsupportedMediaType, Code: CodeInvalidRequest, Text: text}
}

// Modern reports whether the header names revision 2026-07-28 or a later one.
// It is to be asked of requests that [Request.Parse] accepted.
func Modern(header http.Header) bool {
	version, ok := single(header, headerVersion)
	return ok && version >= modernSince
}
