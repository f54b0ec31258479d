package mcpmsg_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/mcpmsg"
)

const (
	version = "Mcp-Protocol-Version"
	method  = "Mcp-Method"
	name    = "Mcp-Name"
	modern  = "2026-07-28"
)

func TestHeaders(t *testing.T) {
	t.Parallel()
	add := call(`{"name":"add",` + modernMeta(modern) + `}`)
	legacy := call(`{"name":"add"}`)
	list := request("tools/list", `{`+modernMeta(modern)+`}`)
	notification := `{"jsonrpc":"2.0","method":"notifications/x"}`
	response := `{"jsonrpc":"2.0","id":1,"result":{}}`
	oddResponse := `{"jsonrpc":"2.0","id":1,"result":{},"params":{"name":"n",` + modernMeta(modern) + `}}`
	batch := `[` + legacy + `]`
	const fine = 0
	cases := map[string]struct {
		header http.Header
		body   string
		code   int
	}{
		"call":                      {with(version, modern, method, "tools/call", name, "add"), add, fine},
		"list":                      {with(version, modern, method, "tools/list"), list, fine},
		"encoded":                   {with(version, modern, method, "tools/call", name, "=?base64?YWRk?="), add, fine},
		"later revision":            {with(version, "2027-01-01", method, "tools/list"), request("tools/list", `{`+modernMeta("2027-01-01")+`}`), fine},
		"notification, bare":        {with(version, modern), notification, fine},
		"notification, named":       {with(version, modern, method, "notifications/x"), notification, fine},
		"legacy, bare":              {with(), legacy, fine},
		"legacy, version":           {with(version, "2025-11-25"), legacy, fine},
		"legacy, all":               {with(version, "2025-11-25", method, "tools/call", name, "add"), legacy, fine},
		"legacy, version in meta":   {with(version, "2025-11-25"), call(`{"name":"add",` + modernMeta("2025-11-25") + `}`), fine},
		"legacy, response":          {with(version, "2025-11-25"), response, fine},
		"response, odd params":      {with(version, "2025-11-25"), oddResponse, fine},
		"response, params no name":  {with(version, "2025-11-25", name, "n"), oddResponse, mcpmsg.CodeHeaderMismatch},
		"batch":                     {with(version, "2025-03-26"), batch, fine},
		"uri":                       {with(method, "resources/subscribe", name, "a:b"), request("resources/subscribe", `{"uri":"a:b"}`), fine},
		"own method's name":         {with(method, "acme/do", name, "n"), request("acme/do", `{"name":"n"}`), fine},
		"own method's uri":          {with(method, "acme/do", name, "u:u"), request("acme/do", `{"uri":"u:u"}`), fine},
		"empty as if absent":        {with(method, "", name, ""), legacy, fine},
		"no version":                {with(method, "tools/call", name, "add"), add, mcpmsg.CodeHeaderMismatch},
		"other version":             {with(version, "2027-01-01", method, "tools/call", name, "add"), add, mcpmsg.CodeHeaderMismatch},
		"legacy version":            {with(version, "2025-11-25"), add, mcpmsg.CodeHeaderMismatch},
		"legacy in the body":        {with(version, modern, method, "tools/call", name, "add"), call(`{"name":"add",` + modernMeta("2025-11-25") + `}`), mcpmsg.CodeHeaderMismatch},
		"legacy meta alone":         {with(), call(`{"name":"add",` + modernMeta("2025-11-25") + `}`), mcpmsg.CodeHeaderMismatch},
		"two versions":              {with(version, modern, version, modern, method, "tools/call", name, "add"), add, mcpmsg.CodeHeaderMismatch},
		"two legacy versions":       {with(version, "2025-11-25", version, modern), legacy, mcpmsg.CodeHeaderMismatch},
		"long version":              {with(version, "2025-"+strings.Repeat("1", 60)), legacy, mcpmsg.CodeHeaderMismatch},
		"no meta":                   {with(version, modern, method, "tools/call", name, "add"), legacy, mcpmsg.CodeInvalidParams},
		"odd version is modern":     {with(version, "draft"), legacy, mcpmsg.CodeInvalidParams},
		"digits apart is modern":    {with(version, "2026-8-1"), legacy, mcpmsg.CodeInvalidParams},
		"no method":                 {with(version, modern, name, "add"), add, mcpmsg.CodeHeaderMismatch},
		"other method":              {with(version, modern, method, "tools/list", name, "add"), add, mcpmsg.CodeHeaderMismatch},
		"method's case":             {with(version, modern, method, "Tools/call", name, "add"), add, mcpmsg.CodeHeaderMismatch},
		"method encoded":            {with(version, modern, method, "=?base64?dG9vbHMvY2FsbA==?=", name, "add"), add, mcpmsg.CodeHeaderMismatch},
		"two methods":               {with(version, modern, method, "tools/call", method, "tools/call", name, "add"), add, mcpmsg.CodeHeaderMismatch},
		"method list":               {with(version, modern, method, "tools/call, tools/call", name, "add"), add, mcpmsg.CodeHeaderMismatch},
		"no name":                   {with(version, modern, method, "tools/call"), add, mcpmsg.CodeHeaderMismatch},
		"empty name":                {with(version, modern, method, "tools/call", name, ""), add, mcpmsg.CodeHeaderMismatch},
		"name encoded empty":        {with(version, modern, method, "tools/call", name, "=?base64??="), add, mcpmsg.CodeHeaderMismatch},
		"other name":                {with(version, modern, method, "tools/call", name, "remove"), add, mcpmsg.CodeHeaderMismatch},
		"name's case":               {with(version, modern, method, "tools/call", name, "Add"), add, mcpmsg.CodeHeaderMismatch},
		"two names":                 {with(version, modern, method, "tools/call", name, "add", name, "remove"), add, mcpmsg.CodeHeaderMismatch},
		"name where none is":        {with(version, modern, method, "tools/list", name, "add"), list, mcpmsg.CodeHeaderMismatch},
		"encoded other":             {with(version, modern, method, "tools/call", name, "=?base64?cmVtb3Zl?="), add, mcpmsg.CodeHeaderMismatch},
		"encoded, upper case":       {with(version, modern, method, "tools/call", name, "=?BASE64?YWRk?="), add, mcpmsg.CodeHeaderMismatch},
		"encoded, no padding":       {with(version, modern, method, "tools/call", name, "=?base64?YWI?="), call(`{"name":"ab",` + modernMeta(modern) + `}`), mcpmsg.CodeHeaderMismatch},
		"encoded, loose bits":       {with(version, modern, method, "tools/call", name, "=?base64?YWJ=?="), call(`{"name":"ab",` + modernMeta(modern) + `}`), mcpmsg.CodeHeaderMismatch},
		"encoded, not UTF-8":        {with(version, modern, method, "tools/call", name, "=?base64?/w==?="), add, mcpmsg.CodeHeaderMismatch},
		"encoded, not Base64":       {with(version, modern, method, "tools/call", name, "=?base64?*?="), add, mcpmsg.CodeHeaderMismatch},
		"name not ASCII":            {with(version, modern, method, "tools/call", name, "ä"), call(`{"name":"ä",` + modernMeta(modern) + `}`), mcpmsg.CodeHeaderMismatch},
		"literal sentinel":          {with(version, modern, method, "tools/call", name, "=?base64?YWRk?="), call(`{"name":"=?base64?YWRk?=",` + modernMeta(modern) + `}`), mcpmsg.CodeHeaderMismatch},
		"sentinel encoded":          {with(version, modern, method, "tools/call", name, "=?base64?PT9iYXNlNjQ/WVdSaz89?="), call(`{"name":"=?base64?YWRk?=",` + modernMeta(modern) + `}`), fine},
		"half a sentinel":           {with(version, modern, method, "tools/call", name, "=?base64?="), call(`{"name":"=?base64?=",` + modernMeta(modern) + `}`), fine},
		"control character":         {with(version, modern, method, "tools/call", name, "add\x7f"), add, mcpmsg.CodeHeaderMismatch},
		"legacy, other method":      {with(method, "tools/list"), legacy, mcpmsg.CodeHeaderMismatch},
		"legacy, other name":        {with(method, "tools/call", name, "remove"), legacy, mcpmsg.CodeHeaderMismatch},
		"legacy, two methods":       {with(method, "tools/call", method, "tools/call"), legacy, mcpmsg.CodeHeaderMismatch},
		"legacy, bad name":          {with(name, "=?base64?*?="), legacy, mcpmsg.CodeHeaderMismatch},
		"own method's other name":   {with(name, "m"), request("acme/do", `{"name":"n"}`), mcpmsg.CodeHeaderMismatch},
		"response with a method":    {with(method, "tools/call"), response, mcpmsg.CodeHeaderMismatch},
		"notification, other":       {with(version, modern, method, "notifications/y"), notification, mcpmsg.CodeHeaderMismatch},
		"notification, version":     {with(version, modern), `{"jsonrpc":"2.0","method":"notifications/x","params":{` + modernMeta("2027-01-01") + `}}`, mcpmsg.CodeHeaderMismatch},
		"modern response":           {with(version, modern), response, mcpmsg.CodeInvalidRequest},
		"modern batch":              {with(version, modern), `[` + add + `]`, mcpmsg.CodeInvalidRequest},
		"modern batch, no meta":     {with(version, modern), `[` + notification + `]`, mcpmsg.CodeInvalidRequest},
		"batch, modern inside":      {with(version, "2025-03-26"), `[` + add + `]`, mcpmsg.CodeHeaderMismatch},
		"batch with a method":       {with(method, "tools/call"), batch, mcpmsg.CodeInvalidRequest},
		"batch with a name":         {with(name, "add"), batch, mcpmsg.CodeInvalidRequest},
		"batch with two versions":   {with(version, "2025-03-26", version, "2025-03-26"), batch, mcpmsg.CodeHeaderMismatch},
		"listen's uri as its name":  {with(version, modern, method, "subscriptions/listen", name, "b:2"), request("subscriptions/listen", `{"notifications":{"resourceSubscriptions":["a:1","b:2"]},`+modernMeta(modern)+`}`), mcpmsg.CodeHeaderMismatch},
		"modern listen":             {with(version, modern, method, "subscriptions/listen"), request("subscriptions/listen", `{"notifications":{"resourceSubscriptions":["a:1","b:2"]},`+modernMeta(modern)+`}`), fine},
		"modern resource":           {with(version, modern, method, "resources/read", name, "a:b"), request("resources/read", `{"uri":"a:b",`+modernMeta(modern)+`}`), fine},
		"modern resource, no name":  {with(version, modern, method, "resources/read"), request("resources/read", `{"uri":"a:b",`+modernMeta(modern)+`}`), mcpmsg.CodeHeaderMismatch},
		"modern prompt, no name":    {with(version, modern, method, "prompts/get"), request("prompts/get", `{"name":"a",`+modernMeta(modern)+`}`), mcpmsg.CodeHeaderMismatch},
		"modern, removed":           {with(version, modern, method, "resources/subscribe"), request("resources/subscribe", `{`+modernMeta(modern)+`}`), fine},
		"modern, removed, null":     {with(version, modern, method, "resources/unsubscribe"), request("resources/unsubscribe", `{"uri":null,`+modernMeta(modern)+`}`), fine},
		"modern, removed, number":   {with(version, modern, method, "resources/subscribe"), request("resources/subscribe", `{"uri":1,`+modernMeta(modern)+`}`), mcpmsg.CodeInvalidParams},
		"modern, removed, header":   {with(version, modern, method, "resources/subscribe", name, "a:b"), request("resources/subscribe", `{`+modernMeta(modern)+`}`), mcpmsg.CodeHeaderMismatch},
		"legacy, not removed":       {with(version, "2025-11-25"), request("resources/subscribe", `{}`), mcpmsg.CodeInvalidParams},
		"modern resource, no uri":   {with(version, modern, method, "resources/read"), request("resources/read", `{`+modernMeta(modern)+`}`), mcpmsg.CodeInvalidParams},
		"name with surrounding gap": {with(version, modern, method, "tools/call", name, "=?base64?IGEg?="), call(`{"name":" a ",` + modernMeta(modern) + `}`), fine},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.code != fine {
				refused(t, c.header, c.body, http.StatusBadRequest, c.code)
				return
			}
			if _, err := mcpmsg.Parse(c.header, []byte(c.body)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHint(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		header http.Header
		want   mcpmsg.Message
		ok     bool
	}{
		"call":           {with(version, modern, method, "tools/call", name, "add"), mcpmsg.Message{Method: "tools/call", Name: "add"}, true},
		"encoded":        {with(version, modern, method, "tools/call", name, "=?base64?w6Q=?="), mcpmsg.Message{Method: "tools/call", Name: "ä"}, true},
		"list":           {with(version, modern, method, "tools/list"), mcpmsg.Message{Method: "tools/list"}, true},
		"other's name":   {with(version, modern, method, "acme/do", name, "x"), mcpmsg.Message{Method: "acme/do"}, true},
		"legacy":         {with(version, "2025-11-25", method, "tools/call", name, "add"), mcpmsg.Message{}, false},
		"no version":     {with(method, "tools/call", name, "add"), mcpmsg.Message{}, false},
		"no method":      {with(version, modern), mcpmsg.Message{}, false},
		"no name":        {with(version, modern, method, "tools/call"), mcpmsg.Message{}, false},
		"two methods":    {with(version, modern, method, "tools/call", method, "ping", name, "add"), mcpmsg.Message{}, false},
		"bad name":       {with(version, modern, method, "tools/call", name, "=?base64?*?="), mcpmsg.Message{}, false},
		"hidden newline": {with(version, modern, method, "tools/call", name, "=?base64?YQo=?="), mcpmsg.Message{}, false},
		"long method":    {with(version, modern, method, strings.Repeat("m", 257)), mcpmsg.Message{}, false},
	}
	for name, c := range cases {
		got, ok := mcpmsg.Hint(c.header)
		if ok != c.ok || got.Method != c.want.Method || got.Name != c.want.Name {
			t.Errorf("%s: %+v, %t", name, got, ok)
		}
	}
}

// What headers cannot say, or a body could say otherwise, is refused.
func TestParseHeaders(t *testing.T) {
	t.Parallel()
	untyped := with(version, modern, method, "tools/list")
	untyped.Del("Content-Type")
	for name, c := range map[string]struct {
		header http.Header
		want   mcpmsg.Message
		status int // 0: fine
	}{
		"call":            {with(version, modern, method, "tools/call", name, "add"), mcpmsg.Message{Method: "tools/call", Name: "add"}, 0},
		"encoded":         {with(version, modern, method, "tools/call", name, "=?base64?w6Q=?="), mcpmsg.Message{Method: "tools/call", Name: "ä"}, 0},
		"resource":        {with(version, modern, method, "resources/read", name, "a:b"), mcpmsg.Message{Method: "resources/read", Name: "a:b"}, 0},
		"list":            {with(version, modern, method, "tools/list"), mcpmsg.Message{Method: "tools/list"}, 0},
		"unknown method":  {with(version, modern, method, "acme/do"), mcpmsg.Message{Method: "acme/do"}, 0},
		"its name":        {with(version, modern, method, "acme/do", name, "x"), mcpmsg.Message{}, 400},
		"legacy":          {with(version, "2025-11-25", method, "tools/call", name, "add"), mcpmsg.Message{}, 400},
		"no version":      {with(method, "tools/call", name, "add"), mcpmsg.Message{}, 400},
		"two versions":    {with(version, modern, version, "2025-11-25", method, "tools/call", name, "add"), mcpmsg.Message{}, 400},
		"no method":       {with(version, modern), mcpmsg.Message{}, 400},
		"two methods":     {with(version, modern, method, "tools/list", method, "tools/call", name, "add"), mcpmsg.Message{}, 400},
		"no name":         {with(version, modern, method, "tools/call"), mcpmsg.Message{}, 400},
		"two names":       {with(version, modern, method, "tools/call", name, "a", name, "b"), mcpmsg.Message{}, 400},
		"bad name":        {with(version, modern, method, "tools/call", name, "=?base64?*?="), mcpmsg.Message{}, 400},
		"hidden newline":  {with(version, modern, method, "tools/call", name, "=?base64?YQo=?="), mcpmsg.Message{}, 400},
		"completion":      {with(version, modern, method, "completion/complete"), mcpmsg.Message{}, 400},
		"its reference":   {with(version, modern, method, "completion/complete", name, "a"), mcpmsg.Message{}, 400},
		"subscriptions":   {with(version, modern, method, "subscriptions/listen"), mcpmsg.Message{}, 400},
		"no content type": {untyped, mcpmsg.Message{}, 415},
		"compressed":      {with(version, modern, method, "tools/list", "Content-Encoding", "gzip"), mcpmsg.Message{}, 415},
		"method too long": {with(version, modern, method, strings.Repeat("m", 257)), mcpmsg.Message{}, 400},
		"name of a list":  {with(version, modern, method, "tools/list", name, "a"), mcpmsg.Message{}, 400},
	} {
		var r mcpmsg.Request
		err := r.ParseHeaders(c.header)
		var fault *mcpmsg.Error
		switch {
		case c.status == 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.status != 0 && (!errors.As(err, &fault) || fault.Status != c.status):
			t.Errorf("%s: %v, want status %d", name, err, c.status)
		case err == nil && (len(r.All()) != 1 || r.All()[0].Method != c.want.Method || r.All()[0].Name != c.want.Name):
			t.Errorf("%s: %+v", name, r.All())
		}
	}
}
