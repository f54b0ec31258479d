package stdio_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The environment of the MCP servers that the tests run: this test binary.
const (
	envMode     = "STDIO_TEST_MODE"
	envLifeline = "STDIO_TEST_LIFELINE"
)

// How an MCP server of the tests behaves, besides what it is asked to do.
const (
	modeLegacy   = "legacy"   // speaks revisions before 2026-07-28
	modeModern   = "modern"   // speaks 2026-07-28
	modeSilent   = "silent"   // reads and says nothing
	modeDeaf     = "deaf"     // answers the first message, and reads no more
	modeGone     = "gone"     // exits at once
	modeWaits    = "waits"    // goes on when its input ends, until SIGTERM
	modeStubborn = "stubborn" // goes on when its input ends, and at SIGTERM
	modeSleep    = "sleep"    // is no server
	modeParent   = "parent"   // serves a child of its own, see parent
)

// mcpServer is an MCP server on stdin and stdout.
type mcpServer struct {
	modern bool
	life   net.Conn

	mu        sync.Mutex
	out       *bufio.Writer
	cancelled []string
	waiting   []chan struct{}
	spoken    chan struct{}          // closed when a tool has answered
	answered  map[string]chan string // what the client answered to requests
}

type rpc struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Params struct {
		Name      string            `json:"name"`
		RequestID json.RawMessage   `json:"requestId"`
		Arguments map[string]string `json:"arguments"`
		Meta      struct {
			Token json.RawMessage `json:"progressToken"`
		} `json:"_meta"`
	} `json:"params"`
}

// runChild is the program of a process that a test has started.
func runChild(mode string) {
	life, err := net.Dial("tcp", os.Getenv(envLifeline))
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintln(life, mode)
	s := &mcpServer{modern: mode == modeModern, life: life, out: bufio.NewWriter(os.Stdout), spoken: make(chan struct{}), answered: map[string]chan string{}}
	switch mode {
	case modeSleep:
		_, _ = life.Read(make([]byte, 1)) // until the test is over
		return
	case modeGone:
		return
	case modeStubborn:
		signal.Ignore(syscall.SIGTERM)
	}
	s.serve(mode)
	switch mode {
	case modeWaits:
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		_, _ = fmt.Fprintln(life, "eof")
		<-signals
		_, _ = fmt.Fprintln(life, "terminated")
	case modeStubborn:
		select {}
	default:
		_, _ = fmt.Fprintln(life, "eof")
	}
}

func (s *mcpServer) serve(mode string) {
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		if mode == modeSilent {
			continue
		}
		s.take(line)
		if mode == modeDeaf {
			select {}
		}
	}
}

func (s *mcpServer) take(line []byte) {
	var m rpc
	if err := json.Unmarshal(line, &m); err != nil {
		panic(err)
	}
	switch {
	case m.Method == "notifications/cancelled":
		s.cancel(string(m.Params.RequestID))
	case m.Method == "":
		s.mu.Lock()
		s.answered[string(m.ID)] <- string(m.Result)
		s.mu.Unlock()
	case m.ID == nil:
	case m.Method == "tools/call":
		go s.call(m, line)
	default:
		s.answer(m)
	}
}

func (s *mcpServer) cancel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelled = append(s.cancelled, id)
	_, _ = fmt.Fprintln(s.life, "cancelled", id)
}

func (s *mcpServer) answer(m rpc) {
	switch {
	case m.Method == "initialize" && !s.modern:
		s.result(m, `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"t","version":"1"}}`)
	case m.Method == "server/discover" && s.modern:
		s.result(m, `{"supportedVersions":["2026-07-28"],"capabilities":{},"resultType":"complete"}`)
	case m.Method == "tools/list":
		s.result(m, `{"tools":[]}`)
	case m.Method == "subscriptions/listen":
		s.write(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":%s},"notifications":{}}}`, m.ID))
	default:
		s.write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no such method"}}`, m.ID))
	}
}

func (s *mcpServer) write(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.out.WriteString(text + "\n")
	_ = s.out.Flush()
}

func (s *mcpServer) result(m rpc, result string) {
	s.write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result))
}

func (s *mcpServer) text(m rpc, text string) {
	quoted, _ := json.Marshal(text)
	s.result(m, fmt.Sprintf(`{"content":[{"type":"text","text":%s}]}`, quoted))
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.spoken:
	default:
		close(s.spoken)
	}
}

func (s *mcpServer) progress(m rpc, message string) {
	s.write(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1,"message":%q}}`, m.Params.Meta.Token, message))
}

// call does what the tool's name says.
func (s *mcpServer) call(m rpc, line []byte) {
	arguments := m.Params.Arguments
	switch m.Params.Name {
	case "pid":
		s.text(m, fmt.Sprint(os.Getpid()))
	case "echo":
		s.text(m, arguments["text"])
	case "raw":
		s.text(m, strings.TrimSuffix(string(line), "\n"))
	case "env":
		s.text(m, strings.Join(append(os.Environ(), os.Args...), "\n"))
	case "progress":
		s.progress(m, "half")
		s.text(m, "done")
	case "flood":
		for i := range 100_000 {
			s.progress(m, strings.Repeat("x", 1000)+fmt.Sprint(i))
		}
	case "notify":
		s.write(fmt.Sprintf(`{"jsonrpc":"2.0","method":%q}`, arguments["method"]))
		s.text(m, "notified")
	case "ask":
		s.text(m, s.ask(arguments["id"]))
	case "meet":
		s.meet()
		s.text(m, arguments["text"])
	case "announce": // says that it has begun, and never ends
		_, _ = fmt.Fprintln(s.life, "began", string(m.ID))
	case "crash":
		if arguments["after"] != "" {
			<-s.spoken
		}
		os.Exit(3)
	default:
		s.noise(m)
	}
}

// noise writes what is no message, and then an answer.
func (s *mcpServer) noise(m rpc) {
	switch m.Params.Name {
	case "garbage":
		for _, line := range []string{"", "Server ready!", `{"jsonrpc":"2.0"}`, `{"jsonrpc":"1.0","id":1,"result":{}}`, `{"a":1,"a":2}`, "\xff", `[1]`, `{"jsonrpc":"2.0","id":99,"result":{}}`} {
			s.write(line)
		}
	case "long":
		s.write(`{"jsonrpc":"2.0","method":"notifications/x","params":{"text":"` + strings.Repeat("x", 1<<20) + `"}}`)
	case "stderr":
		_, _ = os.Stderr.WriteString(strings.Repeat("a line of the log\n", 10_000) + strings.Repeat("y", 1<<20) + "\nsecret: " + os.Getenv("SECRET") + "\n")
	case "grandchild", "daemon":
		grandchild := exec.Command(os.Args[0])
		if m.Params.Name == "daemon" {
			escape(grandchild)
		}
		grandchild.Env = append(os.Environ(), envMode+"="+modeSleep)
		grandchild.Stdout, grandchild.Stderr = os.Stdout, os.Stderr // holds them open
		if err := grandchild.Start(); err != nil {
			panic(err)
		}
	case "pretty":
		s.write("{\"jsonrpc\":\"2.0\",\r\"method\":\"notifications/progress\",\"params\":{\"progressToken\":" + string(m.Params.Meta.Token) + "}}\r")
	}
	s.text(m, "quiet")
}

// ask sends a request and returns what the client answers.
func (s *mcpServer) ask(id string) string {
	answer := make(chan string, 1)
	s.mu.Lock()
	s.answered[id] = answer
	s.mu.Unlock()
	s.write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"roots/list"}`, id))
	return <-answer
}

// meet returns when two calls have met.
func (s *mcpServer) meet() {
	met := make(chan struct{})
	s.mu.Lock()
	s.waiting = append(s.waiting, met)
	if len(s.waiting) == 2 {
		close(s.waiting[0])
		close(s.waiting[1])
		s.waiting = nil
	}
	s.mu.Unlock()
	<-met
}

// lifeline has a connection to each process of a test: it ends with the process.
type lifeline struct {
	listener net.Listener
	conns    chan net.Conn
}

// life is one process.
type life struct {
	mode  string
	lines *bufio.Scanner
	conn  net.Conn
}

// next returns what the process has done, "" when it has ended.
func (l *life) next() string {
	_ = l.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if l.lines.Scan() {
		return l.lines.Text()
	}
	if err := l.lines.Err(); err != nil && !isReset(err) {
		return err.Error()
	}
	return ""
}

func isReset(err error) bool {
	return bytes.Contains([]byte(err.Error()), []byte("reset")) || err == io.EOF
}
