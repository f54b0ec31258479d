package hostile

import (
	"fmt"
	"strings"
)

// trick is one way to make a request ambiguous.
type trick struct {
	name string
	play func(*draft)
}

func tricks() []trick {
	return append([]trick{
		{"a member twice", twice},
		{"a key in another spelling", respell},
		{"another spelling beside the key", besides},
		{"escapes in a value", escapedValue},
		{"a value of another type", otherType},
		{"a member of a prototype", prototype},
		{"params in params", nested},
		{"a name in other places", elsewhere},
		{"a name that looks alike", lookalike},
		{"a method in another spelling", otherMethod},
		{"an odd id", oddID},
		{"another version", otherVersion},
		{"deep nesting", deep},
	}, append(headerTricks(), bodyTricks()...)...)
}

// twice repeats a member, with the other tool in it.
func twice(d *draft) {
	switch d.IntN(4) {
	case 0:
		d.insert(&d.params, member{`"name"`, quote(d.tool())})
	case 1:
		d.insert(&d.top, member{`"params"`, `{"name":` + quote(d.tool()) + `,"arguments":{}}`})
	case 2:
		d.insert(&d.top, member{`"method"`, quote(d.pick("ping", "tools/list", "tools/call", "initialize"))})
	default:
		object := d.object()
		d.insert(object, (*object)[d.IntN(len(*object))])
	}
}

// respell writes a key differently.
func respell(d *draft) {
	object := *d.object()
	m := &object[d.IntN(len(object))]
	m.key = d.spelling(m.key)
}

// besides adds a member whose key is another spelling of name, method or params.
func besides(d *draft) {
	switch d.IntN(3) {
	case 0:
		d.insert(&d.params, member{d.spelling(`"name"`), quote(d.tool())})
	case 1:
		d.insert(&d.top, member{d.spelling(`"params"`), `{"name":` + quote(d.tool()) + `,"arguments":{}}`})
	default:
		d.insert(&d.top, member{d.spelling(`"method"`), quote(d.pick("tools/call", "ping", "tools/list"))})
	}
}

// spelling is a key that some readers take for the one given.
func (d *draft) spelling(key string) string {
	name := strings.Trim(key, `"`)
	if name == "" {
		return key
	}
	at := d.IntN(len(name))
	before, letter, after := name[:at], name[at:at+1], name[at+1:]
	switch d.IntN(9) {
	case 0:
		return quote(strings.ToUpper(name))
	case 1:
		return quote(strings.ToUpper(name[:1]) + name[1:])
	case 2:
		return quote(before + fmt.Sprintf(`\u%04x`, letter[0]) + after)
	case 3:
		return quote(before + fmt.Sprintf(`\U%04X`, letter[0]) + after) // no escape of JSON
	case 4:
		return quote(strings.NewReplacer("s", "ſ", "k", "\u212a").Replace(name))
	case 5:
		return quote(before + d.pick("\x00", "\u200b", "\ufeff", `\u0000`, "\xff", `\ud800`) + letter + after)
	case 6:
		return quote(d.pick(" ", "\t", "\u00a0") + name)
	case 7:
		return d.pick("'"+name+"'", name, "\u201c"+name+"\u201d")
	default:
		return quote(name + d.pick(" ", "\x00", ".", "[]"))
	}
}

func escapedValue(d *draft) {
	name := d.tool()
	var b strings.Builder
	for _, r := range name {
		if d.IntN(2) == 0 {
			fmt.Fprintf(&b, d.pick(`\u%04x`, `\u%04X`), r)
		} else {
			b.WriteRune(r)
		}
	}
	find(d.params, "name").value = quote(b.String())
}

func otherType(d *draft) {
	name := quote(d.tool())
	switch d.IntN(6) {
	case 0:
		find(d.params, "name").value = "[" + name + "]"
	case 1:
		find(d.params, "name").value = `{"name":` + name + `}`
	case 2:
		find(d.top, "params").value = `[{"name":` + name + `}]`
	case 3:
		find(d.top, "params").value = `[` + name + `,{}]`
	case 4:
		find(d.top, "params").value = quote(`{\"name\":\"` + d.tools.Forbidden + `\"}`)
	default:
		find(d.top, "method").value = `["tools/call"]`
	}
}

func prototype(d *draft) {
	key := quote(d.pick("__proto__", "constructor", "prototype", "__init__", "__class__", "$ref", "<<"))
	d.insert(&d.params, member{key, `{"name":` + quote(d.tools.Forbidden) + `}`})
	if d.IntN(2) == 0 {
		d.insert(&d.top, member{key, `{"method":"tools/call","params":{"name":` + quote(d.tools.Forbidden) + `}}`})
	}
	if d.IntN(3) == 0 {
		find(d.params, "name").key = `"title"`
	}
}

// nested has the same members one level further in, or twice over there.
func nested(d *draft) {
	inner := `{"name":` + quote(d.tools.Forbidden) + `,"name":` + quote(d.tools.Allowed) + `}`
	switch d.IntN(4) {
	case 0:
		d.insert(&d.params, member{`"params"`, inner})
	case 1:
		find(d.params, "arguments").value = inner
	case 2:
		d.insert(&d.params, member{`"_meta"`, `{"io.modelcontextprotocol/protocolVersion":"2026-07-28","name":` + quote(d.tool()) + `,"a":1,"a":2}`})
	default:
		d.insert(&d.params, member{`"arguments"`, inner})
	}
}

func elsewhere(d *draft) {
	d.insert(d.object(), member{quote(d.pick("tool", "toolName", "tool_name", "uri", "ref", "request", "message")), quote(d.tools.Forbidden)})
	if d.IntN(3) == 0 {
		d.insert(&d.top, member{`"name"`, quote(d.tools.Forbidden)})
		find(d.params, "name").key = `"x"`
	}
}

func lookalike(d *draft) {
	f := d.tools.Forbidden
	at := d.IntN(len(f))
	find(d.params, "name").value = quote(d.pick(
		strings.ToUpper(f), strings.ToUpper(f[:1])+f[1:], f+" ", " "+f, f+".", f+`\u0000`, f+`\n`, "/"+f, "./"+f, f+"/", f+"?", f+"#",
		f[:at]+"\u200b"+f[at:], f[:at]+"\u00ad"+f[at:], f[:at]+`\ud83d`+f[at:], f[:at]+"\xc0\x80"+f[at:], f[:at]+`\u200d`+f[at:],
		strings.ReplaceAll(f, "i", "\u0131"), strings.ReplaceAll(f, "o", "\uff4f"), strings.ReplaceAll(f, "e", "%65"),
		strings.ReplaceAll(f, "o", `\x6f`), strings.ReplaceAll(f, "d", `\d`), d.tools.Allowed+`\u0000`+f, "plain/"+f, "plain_"+f, "\ufeff"+f,
	))
	if _, modern := d.header["Mcp-Name"]; modern && d.IntN(2) == 0 {
		d.header["Mcp-Name"] = []string{f}
	}
}

func otherMethod(d *draft) {
	find(d.params, "name").value = quote(d.tools.Forbidden)
	find(d.top, "method").value = quote(d.pick(
		`tools\/call`, `tools\u002fcall`, `t\u006fols/call`, "Tools/Call", "TOOLS/CALL", "tools/call ", " tools/call", `tools/call\u0000`,
		`tools/call\n`, "tools//call", "/tools/call", "tools/call/", "tools.call", "tools/call#", "tools\uff0fcall", "call_tool", "callTool",
		"tools/list", "ping", "notifications/initialized", "prompts/get", "resources/read", "completion/complete", "tasks/get",
	))
}

func oddID(d *draft) {
	find(d.top, "id").value = d.pick(
		"1e999", "-1e999", "1E+2", "-0", "0.0", "1.5", "01", "+1", ".5", "1.", "0x10", "NaN", "Infinity", "-Infinity", "null", "true", "[]", "{}",
		strings.Repeat("9", 40), "18446744073709551616", "9007199254740993", "1e-400", strings.Repeat("1", 5000), `"a\u0000b"`, `"\ud800"`, `""`, "1_000", "1n",
	)
	if d.IntN(4) == 0 {
		find(d.top, "id").key = `"x"` // no id: a notification
	}
}

func otherVersion(d *draft) {
	switch d.IntN(3) {
	case 0:
		find(d.top, "jsonrpc").value = d.pick(`"1.0"`, `2.0`, `"2.0 "`, `null`, `"\u0032.0"`, `["2.0"]`)
	case 1:
		find(d.top, "jsonrpc").key = `"JSONRPC"`
	default:
		d.header["Mcp-Protocol-Version"] = []string{d.pick("2024-11-05", "2025-03-26", "2026-07-28", "2099-01-01", "", "2026-07-28 ", "DRAFT")}
	}
}

func deep(d *draft) {
	n := 1 + d.IntN(2000)
	value := strings.Repeat("[", n) + strings.Repeat("]", n)
	if d.IntN(2) == 0 {
		value = strings.Repeat(`{"name":`, n) + quote(d.tools.Forbidden) + strings.Repeat("}", n)
	}
	d.insert(d.object(), member{`"deep"`, value})
}
