package mcpmsg_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/mcpmsg"
)

func call(params string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + params + `}`
}

func request(method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)
}

func nested(levels int) string {
	return strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

func modernMeta(version string) string {
	return `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + version + `"}`
}

// with adds headers, given as names and values in turn, to those that every
// request has. A name may occur twice.
func with(pairs ...string) http.Header {
	h := plainHeader()
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	one := json.RawMessage(`1`)
	cases := map[string]struct {
		body string
		want []mcpmsg.Message
	}{
		"tool": {
			call(`{"name":"add","arguments":{"a": 1}}`),
			[]mcpmsg.Message{{Method: "tools/call", Name: "add", Arguments: json.RawMessage(`{"a": 1}`), ID: one}},
		},
		"no arguments":         {call(`{"name":"add"}`), []mcpmsg.Message{{Method: "tools/call", Name: "add", ID: one}}},
		"arguments null":       {call(`{"name":"add","arguments":null}`), []mcpmsg.Message{{Method: "tools/call", Name: "add", Arguments: json.RawMessage(`null`), ID: one}}},
		"arguments any":        {call(`{"arguments":"name","name":"add"}`), []mcpmsg.Message{{Method: "tools/call", Name: "add", Arguments: json.RawMessage(`"name"`), ID: one}}},
		"deep":                 {call(`{"name":"add","arguments":` + nested(62) + `}`), []mcpmsg.Message{{Method: "tools/call", Name: "add", Arguments: json.RawMessage(nested(62)), ID: one}}},
		"escaped member":       {call(`{"n\u0061me":"add"}`), []mcpmsg.Message{{Method: "tools/call", Name: "add", ID: one}}},
		"escaped value":        {call(`{"name":"\u0061d\/d"}`), []mcpmsg.Message{{Method: "tools/call", Name: "ad/d", ID: one}}},
		"escaped method":       {`{"jsonrpc":"2\u002e0","id":1,"method":"tools\/call","params":{"name":"add"}}`, []mcpmsg.Message{{Method: "tools/call", Name: "add", ID: one}}},
		"white space":          {" \t\r\n{ \"jsonrpc\" : \"2.0\" ,\n\"id\" : 1 , \"method\":\t\"tools/call\" , \"params\" : { \"name\" : \"add\" , \"arguments\" :\n[ 1 ] } } \n", []mcpmsg.Message{{Method: "tools/call", Name: "add", Arguments: json.RawMessage(`[ 1 ]`), ID: one}}},
		"params of a response": {`{"jsonrpc":"2.0","id":1,"result":{},"params":{"name":"x","Name":"y","arguments":{"a":1},` + modernMeta("2026-07-28") + `}}`, []mcpmsg.Message{{ID: one}}},
		"decoys in arguments":  {call(`{"arguments":{"name":"other","Name":"x","params":{"name":"y"}},"name":"add"}`), []mcpmsg.Message{{Method: "tools/call", Name: "add", Arguments: json.RawMessage(`{"name":"other","Name":"x","params":{"name":"y"}}`), ID: one}}},
		"unknown members":      {`{"jsonrpc":"2.0","id":1,"method":"tools/call","extra":{"name":"x"},"params":{"name":"add","title":"x","uri":"y"}}`, []mcpmsg.Message{{Method: "tools/call", Name: "add", ID: one}}},
		"task-augmented":       {call(`{"name":"add","task":{"ttl":1},"requestState":"s","inputResponses":{}}`), []mcpmsg.Message{{Method: "tools/call", Name: "add", ID: one}}},
		"unicode name":         {call(`{"name":"Grüße 😀"}`), []mcpmsg.Message{{Method: "tools/call", Name: "Grüße 😀", ID: one}}},
		"prompt":               {request("prompts/get", `{"name":"greet","arguments":{}}`), []mcpmsg.Message{{Method: "prompts/get", Name: "greet", Arguments: json.RawMessage(`{}`), ID: one}}},
		"resource":             {request("resources/read", `{"uri":"file:///a"}`), []mcpmsg.Message{{Method: "resources/read", Name: "file:///a", ID: one}}},
		"resource, name too":   {request("resources/read", `{"uri":"file:///a","name":"b"}`), []mcpmsg.Message{{Method: "resources/read", Name: "file:///a", ID: one}}},
		"subscribe":            {request("resources/subscribe", `{"uri":"file:///a"}`), []mcpmsg.Message{{Method: "resources/subscribe", Name: "file:///a", ID: one}}},
		"unsubscribe":          {request("resources/unsubscribe", `{"uri":"file:///a"}`), []mcpmsg.Message{{Method: "resources/unsubscribe", Name: "file:///a", ID: one}}},
		"complete prompt":      {request("completion/complete", `{"ref":{"type":"ref/prompt","name":"greet","title":"G"},"argument":{"name":"a","value":"b"}}`), []mcpmsg.Message{{Method: "completion/complete", Name: "greet", Ref: "prompt", ID: one}}},
		"complete resource":    {request("completion/complete", `{"argument":{},"ref":{"uri":"file:///{p}","type":"ref/resource"}}`), []mcpmsg.Message{{Method: "completion/complete", Name: "file:///{p}", Ref: "resource", ID: one}}},
		"listen":               {request("subscriptions/listen", `{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:1","b:2","c:3"]}}`), []mcpmsg.Message{{Method: "subscriptions/listen", Name: "a:1", More: []string{"b:2", "c:3"}, ID: one}}},
		"listen to lists":      {request("subscriptions/listen", `{"notifications":{"toolsListChanged":true,"resourceSubscriptions":null}}`), []mcpmsg.Message{{Method: "subscriptions/listen", ID: one}}},
		"listen to nothing":    {request("subscriptions/listen", `{"notifications":null}`), []mcpmsg.Message{{Method: "subscriptions/listen", ID: one}}},
		"task":                 {request("tasks/result", `{"taskId":"t-1"}`), []mcpmsg.Message{{Method: "tasks/result", Name: "t-1", ID: one}}},
		"tasks list":           {request("tasks/list", `{"cursor":"c"}`), []mcpmsg.Message{{Method: "tasks/list", ID: one}}},
		"list, no params":      {`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, []mcpmsg.Message{{Method: "tools/list", ID: one}}},
		"list, params null":    {request("tools/list", `null`), []mcpmsg.Message{{Method: "tools/list", ID: one}}},
		"meta null":            {request("tools/list", `{"_meta":null}`), []mcpmsg.Message{{Method: "tools/list", ID: one}}},
		"other method":         {request("acme/do", `{"name":7,"uri":[]}`), []mcpmsg.Message{{Method: "acme/do", ID: one}}},
		"string id":            {`{"jsonrpc":"2.0","id":"a\u0062","method":"ping"}`, []mcpmsg.Message{{Method: "ping", ID: json.RawMessage(`"a\u0062"`)}}},
		"empty id":             {`{"jsonrpc":"2.0","id":"","method":"ping"}`, []mcpmsg.Message{{Method: "ping", ID: json.RawMessage(`""`)}}},
		"largest id":           {`{"jsonrpc":"2.0","id":9007199254740991,"method":"ping"}`, []mcpmsg.Message{{Method: "ping", ID: json.RawMessage(`9007199254740991`)}}},
		"negative id":          {`{"jsonrpc":"2.0","id":-12,"method":"ping"}`, []mcpmsg.Message{{Method: "ping", ID: json.RawMessage(`-12`)}}},
		"notification":         {`{"jsonrpc":"2.0","method":"notifications/initialized"}`, []mcpmsg.Message{{Method: "notifications/initialized"}}},
		"call without id":      {`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"add"}}`, []mcpmsg.Message{{Method: "tools/call", Name: "add"}}},
		"result":               {`{"jsonrpc":"2.0","id":1,"result":{}}`, []mcpmsg.Message{{ID: one}}},
		"result null":          {`{"jsonrpc":"2.0","id":1,"result":null}`, []mcpmsg.Message{{ID: one}}},
		"error":                {`{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}`, []mcpmsg.Message{{ID: one}}},
		"error, id null":       {`{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}`, []mcpmsg.Message{{}}},
		"batch of one":         {`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, []mcpmsg.Message{{Method: "ping", ID: one}}},
		"batch": {
			` [ {"jsonrpc":"2.0","id":1,"method":"tools/list"}, {"jsonrpc":"2.0","id":"1","method":"tools/call","params":{"name":"add"}},{"jsonrpc":"2.0","method":"notifications/x"},{"jsonrpc":"2.0","id":1,"result":{}}]`,
			[]mcpmsg.Message{
				{Method: "tools/list", ID: one},
				{Method: "tools/call", Name: "add", ID: json.RawMessage(`"1"`)},
				{Method: "notifications/x"}, {ID: one},
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := mcpmsg.Parse(plainHeader(), []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if batch := strings.HasPrefix(strings.TrimSpace(c.body), "["); got.Batch != batch {
				t.Errorf("Batch = %t", got.Batch)
			}
			if !reflect.DeepEqual(got.All(), c.want) {
				t.Errorf("got  %+v\nwant %+v", got.All(), c.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		body string
		code int
	}{
		"empty":                     {"", mcpmsg.CodeParse},
		"white space":               {" \n", mcpmsg.CodeParse},
		"scalar":                    {`"tools/call"`, mcpmsg.CodeParse},
		"null":                      {`null`, mcpmsg.CodeParse},
		"trailing data":             {call(`{"name":"a"}`) + call(`{"name":"b"}`), mcpmsg.CodeParse},
		"trailing comma":            {`{"jsonrpc":"2.0","id":1,"method":"ping",}`, mcpmsg.CodeParse},
		"byte order mark":           {"\ufeff" + call(`{"name":"a"}`), mcpmsg.CodeParse},
		"UTF-16":                    {"{\x00}\x00", mcpmsg.CodeParse},
		"invalid UTF-8":             {call("{\"name\":\"\xff\"}"), mcpmsg.CodeParse},
		"lone surrogate":            {call(`{"name":"\ud800"}`), mcpmsg.CodeParse},
		"comment":                   {`{"jsonrpc":"2.0","id":1,"method":"ping"/**/}`, mcpmsg.CodeParse},
		"single quotes":             {`{'jsonrpc':'2.0'}`, mcpmsg.CodeParse},
		"NaN":                       {call(`{"name":"a","arguments":NaN}`), mcpmsg.CodeParse},
		"too deep":                  {call(`{"name":"a","arguments":` + nested(63) + `}`), mcpmsg.CodeInvalidRequest},
		"duplicate name":            {call(`{"name":"a","name":"b"}`), mcpmsg.CodeInvalidRequest},
		"duplicate name, same":      {call(`{"name":"a","name":"a"}`), mcpmsg.CodeInvalidRequest},
		"duplicate escaped":         {call(`{"name":"a","n\u0061me":"b"}`), mcpmsg.CodeInvalidRequest},
		"duplicate method":          {`{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}`, mcpmsg.CodeInvalidRequest},
		"duplicate params":          {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}`, mcpmsg.CodeInvalidRequest},
		"duplicate id":              {`{"jsonrpc":"2.0","id":1,"method":"ping","id":2}`, mcpmsg.CodeInvalidRequest},
		"duplicate in arguments":    {call(`{"name":"a","arguments":{"x":{"y":1,"y":2}}}`), mcpmsg.CodeInvalidRequest},
		"case, Name":                {call(`{"name":"a","Name":"b"}`), mcpmsg.CodeInvalidRequest},
		"case, Name alone":          {call(`{"Name":"b"}`), mcpmsg.CodeInvalidRequest},
		"case, escaped":             {call(`{"name":"a","\u004eAME":"b"}`), mcpmsg.CodeInvalidRequest},
		"case, arguments":           {call(`{"name":"a","Arguments":{}}`), mcpmsg.CodeInvalidRequest},
		"case, long s":              {call(`{"name":"a","argument` + "\u017f" + `":{}}`), mcpmsg.CodeInvalidRequest},
		"case, long s escaped":      {`{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{"name":"b"}}`, mcpmsg.CodeInvalidRequest},
		"case, Kelvin sign":         {request("tasks/get", `{"taskId":"a","tas`+"\u212a"+`Id":"b"}`), mcpmsg.CodeInvalidRequest},
		"case, METHOD":              {`{"jsonrpc":"2.0","id":1,"method":"ping","METHOD":"tools/call"}`, mcpmsg.CodeInvalidRequest},
		"case, Params":              {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"Params":{"name":"b"}}`, mcpmsg.CodeInvalidRequest},
		"case, ID":                  {`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"},"ID":1}`, mcpmsg.CodeInvalidRequest},
		"case, JSONRPC":             {`{"jsonrpc":"2.0","JSONRPC":"2.0","id":1,"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"case, Result":              {`{"jsonrpc":"2.0","id":1,"method":"ping","Result":{}}`, mcpmsg.CodeInvalidRequest},
		"case, Error":               {`{"jsonrpc":"2.0","id":1,"result":{},"Error":{}}`, mcpmsg.CodeInvalidRequest},
		"case, URI":                 {request("resources/read", `{"uri":"a:b","URI":"c:d"}`), mcpmsg.CodeInvalidRequest},
		"case, _META":               {request("tools/list", `{"_META":{}}`), mcpmsg.CodeInvalidRequest},
		"case, version":             {request("tools/list", `{"_meta":{"io.modelcontextprotocol/protocolversion":"2026-07-28"}}`), mcpmsg.CodeInvalidRequest},
		"case, Ref":                 {request("completion/complete", `{"ref":{"type":"ref/prompt","name":"a"},"Ref":{}}`), mcpmsg.CodeInvalidRequest},
		"case, ref.Name":            {request("completion/complete", `{"ref":{"type":"ref/prompt","name":"a","Name":"b"}}`), mcpmsg.CodeInvalidRequest},
		"case, ref.Type":            {request("completion/complete", `{"ref":{"type":"ref/prompt","name":"a","TYPE":"ref/resource"}}`), mcpmsg.CodeInvalidRequest},
		"case, cursor":              {request("tools/list", `{"Cursor":"c"}`), mcpmsg.CodeInvalidRequest},
		"case, requestState":        {call(`{"name":"a","requeststate":"s"}`), mcpmsg.CodeInvalidRequest},
		"case, notifications":       {request("subscriptions/listen", `{"notifications":{},"Notifications":{"resourceSubscriptions":["a:b"]}}`), mcpmsg.CodeInvalidRequest},
		"case, subscriptions":       {request("subscriptions/listen", `{"notifications":{"ResourceSubscriptions":["a:b"]}}`), mcpmsg.CodeInvalidRequest},
		"no version":                {`{"id":1,"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"version number":            {`{"jsonrpc":2.0,"id":1,"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"version 1.0":               {`{"jsonrpc":"1.0","id":1,"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"method empty":              {`{"jsonrpc":"2.0","id":1,"method":""}`, mcpmsg.CodeInvalidRequest},
		"method null":               {`{"jsonrpc":"2.0","id":1,"method":null}`, mcpmsg.CodeInvalidRequest},
		"method list":               {`{"jsonrpc":"2.0","id":1,"method":["tools/call"]}`, mcpmsg.CodeInvalidRequest},
		"method with NUL":           {`{"jsonrpc":"2.0","id":1,"method":"tools/call\u0000"}`, mcpmsg.CodeInvalidRequest},
		"method with C1":            {`{"jsonrpc":"2.0","id":1,"method":"tools/call\u0085"}`, mcpmsg.CodeInvalidRequest},
		"method long":               {request(strings.Repeat("m", 257), `{}`), mcpmsg.CodeInvalidRequest},
		"id null":                   {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"id object":                 {`{"jsonrpc":"2.0","id":{},"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"id list":                   {`{"jsonrpc":"2.0","id":[1],"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"id true":                   {`{"jsonrpc":"2.0","id":true,"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"id fraction":               {`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"id exponent":               {`{"jsonrpc":"2.0","id":1e2,"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"id minus zero":             {`{"jsonrpc":"2.0","id":-0,"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"id large":                  {`{"jsonrpc":"2.0","id":9007199254740992,"method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"id long":                   {`{"jsonrpc":"2.0","id":"` + strings.Repeat("i", 1024) + `","method":"ping"}`, mcpmsg.CodeInvalidRequest},
		"neither":                   {`{"jsonrpc":"2.0","id":1}`, mcpmsg.CodeInvalidRequest},
		"request and result":        {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"result":{}}`, mcpmsg.CodeInvalidRequest},
		"request and error":         {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"error":null}`, mcpmsg.CodeInvalidRequest},
		"result and error":          {`{"jsonrpc":"2.0","id":1,"result":{},"error":{}}`, mcpmsg.CodeInvalidRequest},
		"result without id":         {`{"jsonrpc":"2.0","result":{}}`, mcpmsg.CodeInvalidRequest},
		"result, id null":           {`{"jsonrpc":"2.0","id":null,"result":{}}`, mcpmsg.CodeInvalidRequest},
		"error without id":          {`{"jsonrpc":"2.0","error":{}}`, mcpmsg.CodeInvalidRequest},
		"error null":                {`{"jsonrpc":"2.0","id":1,"error":null}`, mcpmsg.CodeInvalidRequest},
		"params list":               {request("tools/list", `[]`), mcpmsg.CodeInvalidParams},
		"params string":             {call(`"{\"name\":\"a\"}"`), mcpmsg.CodeInvalidParams},
		"params null":               {call(`null`), mcpmsg.CodeInvalidParams},
		"params absent":             {`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, mcpmsg.CodeInvalidParams},
		"name absent":               {call(`{}`), mcpmsg.CodeInvalidParams},
		"name empty":                {call(`{"name":""}`), mcpmsg.CodeInvalidParams},
		"name null":                 {call(`{"name":null}`), mcpmsg.CodeInvalidParams},
		"name number":               {call(`{"name":1}`), mcpmsg.CodeInvalidParams},
		"name list":                 {call(`{"name":["a"]}`), mcpmsg.CodeInvalidParams},
		"name with newline":         {call(`{"name":"a\n"}`), mcpmsg.CodeInvalidParams},
		"name with NUL":             {call(`{"name":"a\u0000b"}`), mcpmsg.CodeInvalidParams},
		"name long":                 {call(`{"name":"` + strings.Repeat("n", 4097) + `"}`), mcpmsg.CodeInvalidParams},
		"name for uri":              {request("resources/read", `{"name":"a:b"}`), mcpmsg.CodeInvalidParams},
		"notification without name": {`{"jsonrpc":"2.0","method":"tools/call"}`, mcpmsg.CodeInvalidParams},
		"meta list":                 {request("tools/list", `{"_meta":[]}`), mcpmsg.CodeInvalidParams},
		"meta version number":       {request("tools/list", `{"_meta":{"io.modelcontextprotocol/protocolVersion":2026}}`), mcpmsg.CodeInvalidParams},
		"meta version null":         {request("tools/list", `{"_meta":{"io.modelcontextprotocol/protocolVersion":null}}`), mcpmsg.CodeInvalidParams},
		"meta version empty":        {request("tools/list", `{"_meta":{"io.modelcontextprotocol/protocolVersion":""}}`), mcpmsg.CodeInvalidParams},
		"ref absent":                {request("completion/complete", `{}`), mcpmsg.CodeInvalidParams},
		"ref string":                {request("completion/complete", `{"ref":"a"}`), mcpmsg.CodeInvalidParams},
		"ref without type":          {request("completion/complete", `{"ref":{"name":"a"}}`), mcpmsg.CodeInvalidParams},
		"ref of other type":         {request("completion/complete", `{"ref":{"type":"ref/tool","name":"a"}}`), mcpmsg.CodeInvalidParams},
		"ref with both":             {request("completion/complete", `{"ref":{"type":"ref/prompt","name":"a","uri":"b:c"}}`), mcpmsg.CodeInvalidParams},
		"ref without name":          {request("completion/complete", `{"ref":{"type":"ref/prompt"}}`), mcpmsg.CodeInvalidParams},
		"listen list":               {request("subscriptions/listen", `{"notifications":[]}`), mcpmsg.CodeInvalidParams},
		"listen to string":          {request("subscriptions/listen", `{"notifications":{"resourceSubscriptions":"a:b"}}`), mcpmsg.CodeInvalidParams},
		"listen to null":            {request("subscriptions/listen", `{"notifications":{"resourceSubscriptions":["a:b",null]}}`), mcpmsg.CodeInvalidParams},
		"listen to empty":           {request("subscriptions/listen", `{"notifications":{"resourceSubscriptions":["a:b",""]}}`), mcpmsg.CodeInvalidParams},
		"listen to many":            {request("subscriptions/listen", `{"notifications":{"resourceSubscriptions":["a"`+strings.Repeat(`,"a"`, 1000)+`]}}`), mcpmsg.CodeInvalidParams},
		"batch empty":               {`[]`, mcpmsg.CodeInvalidRequest},
		"batch nested":              {`[[{"jsonrpc":"2.0","id":1,"method":"ping"}]]`, mcpmsg.CodeInvalidRequest},
		"batch of scalars":          {`[1]`, mcpmsg.CodeInvalidRequest},
		"batch cut off":             {`[{"jsonrpc":"2.0","id":1,"method":"ping"}`, mcpmsg.CodeParse},
		"batch with bad call":       {`[{"jsonrpc":"2.0","id":1,"method":"ping"},` + call(`{"name":"a","Name":"b"}`) + `]`, mcpmsg.CodeInvalidRequest},
		"batch with duplicates":     {`[{"jsonrpc":"2.0","id":1,"method":"ping"},` + call(`{"name":"a","name":"b"}`) + `]`, mcpmsg.CodeInvalidRequest},
		"batch of 101":              {`[` + strings.Repeat(`{"jsonrpc":"2.0","method":"x"},`, 100) + `{"jsonrpc":"2.0","method":"x"}]`, mcpmsg.CodeInvalidRequest},
		"batch too deep":            {`[` + call(`{"name":"a","arguments":`+nested(62)+`}`) + `]`, mcpmsg.CodeInvalidRequest},
		"batch, trailing data":      {`[{"jsonrpc":"2.0","id":1,"method":"ping"}]` + call(`{"name":"a"}`), mcpmsg.CodeParse},
		"batch, one id twice":       {`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":1,"method":"tools/list"}]`, mcpmsg.CodeInvalidRequest},
		"batch, one id escaped":     {`[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","id":"\u0061","method":"tools/list"}]`, mcpmsg.CodeInvalidRequest},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, plainHeader(), c.body, http.StatusBadRequest, c.code)
		})
	}
}

func refused(t *testing.T, header http.Header, body string, status, code int) *mcpmsg.Error {
	t.Helper()
	got, err := mcpmsg.Parse(header, []byte(body))
	fault, ok := errors.AsType[*mcpmsg.Error](err)
	if !ok {
		t.Fatalf("accepted as %+v, error %v", got, err)
	}
	if got != nil {
		t.Errorf("a request beside the error: %+v", got)
	}
	if fault.Status != status || fault.Code != code {
		t.Errorf("%d %d (%s), want %d %d", fault.Status, fault.Code, fault.Text, status, code)
	}
	return fault
}

func TestErrorID(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ body, want string }{
		"number":            {`{"jsonrpc":"2.0","id":7,"method":"tools/call"}`, `7`},
		"string":            {`{"jsonrpc":"2.0","method":"tools/call","id":"a\"b"}`, `"a\"b"`},
		"of the batch":      {`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/call"}]`, `2`},
		"notification":      {`{"jsonrpc":"2.0","method":"tools/call"}`, ``},
		"object":            {`{"jsonrpc":"2.0","id":{"secret":1},"method":"ping"}`, ``},
		"null":              {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, ``},
		"duplicate":         {`{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`, ``},
		"beside ambiguity":  {`{"jsonrpc":"2.0","id":1,"ID":2,"method":"ping"}`, ``},
		"of malformed JSON": {`{"jsonrpc":"2.0","id":1,"method":"ping"`, ``},
	}
	for name, c := range cases {
		_, err := mcpmsg.Parse(plainHeader(), []byte(c.body))
		fault, ok := errors.AsType[*mcpmsg.Error](err)
		if !ok || string(fault.ID) != c.want {
			t.Errorf("%s: %v, id %s, want %s", name, err, fault.ID, c.want)
		}
	}
	fault := refused(t, with("Mcp-Method", "ping"), `{"jsonrpc":"2.0","id":9,"method":"tools/list"}`, 400, mcpmsg.CodeHeaderMismatch)
	if string(fault.ID) != `9` {
		t.Errorf("id %s of a mismatch", fault.ID)
	}
}

func TestContent(t *testing.T) {
	t.Parallel()
	ping := `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	cases := map[string]struct {
		header http.Header
		ok     bool
	}{
		"plain":           {http.Header{"Content-Type": {"application/json"}}, true},
		"case":            {http.Header{"Content-Type": {"Application/JSON"}}, true},
		"charset":         {http.Header{"Content-Type": {"application/json; charset=UTF-8"}}, true},
		"parameter":       {http.Header{"Content-Type": {`application/json;x="y"`}}, true},
		"identity":        {with("Content-Encoding", "Identity"), true},
		"none":            {http.Header{}, false},
		"empty":           {http.Header{"Content-Type": {""}}, false},
		"twice":           {http.Header{"Content-Type": {"application/json", "application/json"}}, false},
		"list":            {http.Header{"Content-Type": {"application/json, text/plain"}}, false},
		"text":            {http.Header{"Content-Type": {"text/plain"}}, false},
		"form":            {http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, false},
		"suffix":          {http.Header{"Content-Type": {"application/vnd.x+json"}}, false},
		"json-seq":        {http.Header{"Content-Type": {"application/json-seq"}}, false},
		"UTF-7":           {http.Header{"Content-Type": {"application/json; charset=utf-7"}}, false},
		"UTF-16":          {http.Header{"Content-Type": {"application/json;charset=utf-16le"}}, false},
		"two charsets":    {http.Header{"Content-Type": {"application/json;charset=utf-8;charset=utf-7"}}, false},
		"malformed":       {http.Header{"Content-Type": {"application/json;;="}}, false},
		"gzip":            {with("Content-Encoding", "gzip"), false},
		"identity, gzip":  {with("Content-Encoding", "identity, gzip"), false},
		"identity + gzip": {with("Content-Encoding", "identity", "Content-Encoding", "gzip"), false},
		"empty encoding":  {with("Content-Encoding", ""), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !c.ok {
				refused(t, c.header, ping, http.StatusUnsupportedMediaType, mcpmsg.CodeInvalidRequest)
				return
			}
			if _, err := mcpmsg.Parse(c.header, []byte(ping)); err != nil {
				t.Error(err)
			}
		})
	}
}
