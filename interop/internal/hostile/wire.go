package hostile

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strings"
	"unicode/utf16"
)

// headerTricks are those of headers and URLs.
func headerTricks() []trick {
	return []trick{
		{"headers that disagree", disagree},
		{"a header twice", headerTwice},
		{"another content type", contentType},
		{"another method in a header or the URL", override},
		{"a session", func(d *draft) { d.header["Mcp-Session-Id"] = []string{d.pick("", "x", "null", "../x", "a b")} }},
	}
}

func disagree(d *draft) {
	name := d.tool()
	d.header["Mcp-Name"] = []string{d.pick(
		name, d.tools.Allowed, " "+name, strings.ToUpper(name), "=?base64?"+base64.StdEncoding.EncodeToString([]byte(name))+"?=",
		"=?base64?"+base64.RawURLEncoding.EncodeToString([]byte(name))+"?=", "=?BASE64?"+base64.StdEncoding.EncodeToString([]byte(name))+"?=",
		"=?base64?!?=", url.PathEscape(name)+"%20", name+","+d.tools.Allowed,
	)}
	d.header["Mcp-Method"] = []string{d.pick("tools/call", "tools/list", "ping", "Tools/Call", "tools/call,ping", "initialize")}
	if d.IntN(3) == 0 {
		delete(d.header, "Mcp-Method")
	}
	if d.IntN(2) == 0 {
		d.header["Mcp-Protocol-Version"] = []string{"2026-07-28"}
	}
}

func headerTwice(d *draft) {
	name := d.pick("Mcp-Name", "Mcp-Method", "Mcp-Protocol-Version", "Content-Type")
	spelled := d.pick(name, strings.ToLower(name), strings.ReplaceAll(name, "-", "_"))
	value := map[string]string{
		"Mcp-Name": d.tools.Forbidden, "Mcp-Method": "tools/call", "Mcp-Protocol-Version": "2026-07-28", "Content-Type": "text/plain",
	}[name]
	d.header[spelled] = append(d.header[spelled], value)
}

func contentType(d *draft) {
	d.header["Content-Type"] = []string{d.pick(
		"application/json; charset=utf-16", "application/json;charset=latin1", "text/plain", "application/json-rpc", "application/vnd.api+json",
		"application/json, text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "APPLICATION/JSON", "application/json;",
		"application/x-ndjson", "text/event-stream", "application/json; charset=utf-7", "", "application/json\t", "application/json/",
	)}
}

func override(d *draft) {
	switch d.IntN(4) {
	case 0:
		d.header[d.pick("X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL")] = []string{d.pick("PUT", "/mcp?name="+d.tools.Forbidden)}
	case 1:
		d.header["X-Mcp-Name"] = []string{d.tools.Forbidden}
	case 2:
		d.header["Connection"] = []string{d.pick("Mcp-Name", "Content-Type", "close, Mcp-Method")}
	default:
		d.query = "method=tools/call&name=" + d.tools.Forbidden
	}
}

// bodyTricks are those of the bytes of the whole body. They go on what the other
// tricks have made.
func bodyTricks() []trick {
	return []trick{
		{"a batch", func(d *draft) { d.later(batch) }},
		{"a second message", func(d *draft) { d.later(second) }},
		{"a truncated body", func(d *draft) { d.later(func(d *draft, b []byte) []byte { return b[:d.IntN(len(b)+1)] }) }},
		{"another encoding", func(d *draft) { d.later(encode) }},
		{"a byte order mark", func(d *draft) { d.later(mark) }},
		{"what is no JSON", func(d *draft) { d.later(garnish) }},
		{"another byte", func(d *draft) { d.later(flip) }},
		{"compression", compress},
		{"white space", func(d *draft) { d.later(space) }},
	}
}

func (d *draft) later(change func(*draft, []byte) []byte) {
	d.after = append(d.after, func(body []byte) []byte { return change(d, body) })
}

func batch(d *draft, body []byte) []byte {
	allowed, forbidden := call(d.tools.Allowed), call(d.tools.Forbidden)
	text := string(body)
	return []byte(d.pick(
		"["+text+"]", "["+allowed+","+text+"]", "["+text+","+forbidden+"]", "["+forbidden+"]", "[["+forbidden+"]]", "["+allowed+",["+forbidden+"]]",
		"[]", `{"0":`+forbidden+`,"length":1}`, "["+text+",]", "["+strings.Repeat(allowed+",", 50)+forbidden+"]",
	))
}

func second(d *draft, body []byte) []byte {
	other := call(d.tools.Forbidden)
	between := d.pick("", "\n", "\r\n", " ", ",", "\x00", "\x1e", "\r\n\r\n", "\ndata: ", "---\n")
	if d.IntN(2) == 0 {
		return []byte(other + between + string(body))
	}
	return []byte(string(body) + between + other)
}

func encode(d *draft, body []byte) []byte {
	order := []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}[d.IntN(2)]
	var out []byte
	if d.IntN(2) == 0 {
		for _, r := range string(body) {
			out = order.AppendUint32(out, uint32(r))
		}
		return out
	}
	for _, unit := range utf16.Encode([]rune("\ufeff" + string(body))[d.IntN(2):]) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

func mark(d *draft, body []byte) []byte {
	return append([]byte(d.pick("\xef\xbb\xbf", "\xff\xfe", "\xfe\xff", "\xef\xbb\xbf\xef\xbb\xbf", "\u2060")), body...)
}

// garnish adds what lenient readers skip.
func garnish(d *draft, body []byte) []byte {
	at := bytes.IndexByte(body, ',')
	if at < 0 {
		at = len(body)
	}
	hidden := `"params":{"name":"` + d.tools.Forbidden + `"},`
	added := d.pick("/**/", "//\n", "#\n", "/*"+hidden+"*/", ",", ";", "\v", "\u00a0", "\u2028", "\x0c", "//"+hidden+"\n")
	return []byte(string(body[:at]) + added + string(body[at:]))
}

func flip(d *draft, body []byte) []byte {
	if len(body) == 0 {
		return body
	}
	const bytesThatMatter = "\x00\"\\{}[],: \n\xff\x80eE+-019/"
	body = bytes.Clone(body)
	for range 1 + d.IntN(3) {
		body[d.IntN(len(body))] = bytesThatMatter[d.IntN(len(bytesThatMatter))]
	}
	return body
}

func compress(d *draft) {
	d.header["Content-Encoding"] = []string{d.pick("gzip", "identity", "x-gzip", "deflate", "gzip, gzip")}
	if d.IntN(3) == 0 {
		return // it only says so
	}
	d.later(func(_ *draft, body []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(body)
		_ = w.Close()
		return b.Bytes()
	})
}

func space(d *draft, body []byte) []byte {
	pad := strings.Repeat(d.pick(" ", "\t", "\r\n", "\n"), 1+d.IntN(5000))
	if d.IntN(2) == 0 {
		return []byte(pad + string(body))
	}
	return bytes.ReplaceAll(body, []byte(":"), []byte(" :\n"))
}
