package stdio

import (
	"cmp"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mcp-auth/go/configerr"
)

// The faults of configurations, in addition to those in package configerr.
const (
	// NoCommand is the fault of a configuration without a command.
	NoCommand configerr.Fault = "the command is empty"
	// InvalidArgument is the fault of a text that no command can be given.
	InvalidArgument configerr.Fault = "the text has a zero byte"
	// InvalidVariable is the fault of the name of an environment variable.
	InvalidVariable configerr.Fault = "the name of the environment variable is empty, or has an equals sign or a zero byte"
	// ConflictingVariable is the fault of an environment variable with two values.
	ConflictingVariable configerr.Fault = "the environment variable has both a value and a file"
	// InvalidLimit is the fault of a limit.
	InvalidLimit configerr.Fault = "the limit is negative or too large"
)

// Config configures a [Handler]. Zero values of limits stand for their defaults.
type Config struct {
	// Command is the program and its arguments. Everybody on the machine can see them:
	// secrets belong in Env.
	Command []string
	// Dir is the working directory of the command, by default that of this program.
	Dir string
	// Env are the environment variables of the command. Besides them it gets PATH and
	// HOME, on Windows those without which programs do not run, and no others.
	Env map[string]Variable
	// MaxProcesses is how many processes there may be, 64 by default. MaxPerUser is how
	// many of them one user may have, 4 by default; all callers without a token count as
	// one user. Beyond that requests are answered with 503 and Retry-After.
	MaxProcesses, MaxPerUser int
	// IdleTimeout is how long a process may be without a request and without a stream
	// before it is ended, 10 minutes by default. Its session ends with it.
	IdleTimeout time.Duration
	// StartTimeout is how long a new process may take for its first answer, 30 seconds
	// by default.
	StartTimeout time.Duration
	// StopGrace is how long a process that is to end may take once its input is closed,
	// and again once it was sent SIGTERM, before it is killed: 5 seconds by default.
	StopGrace time.Duration
	// SendTimeout is how long a message may wait for the process to read it, 10 seconds
	// by default. The request is answered with 504 then.
	SendTimeout time.Duration
	// ClientTimeout is how long a client may take to send its request, and to take each
	// part of a response, 30 seconds by default.
	ClientTimeout time.Duration
	// StreamAfter is how long an answer may take until the response becomes an event
	// stream, if the client accepts one, so that proxies do not take it for dead: 5
	// seconds by default.
	StreamAfter time.Duration
	// MaxBody is the size of a request in bytes, 4 MiB by default. MaxLine is that of a
	// message of the process, 16 MiB by default: longer ones are dropped. What waits for
	// one client takes no more than MaxLine either: the response to one that is slower
	// ends. QueueLength is how many messages may wait for a process, 64 by default.
	MaxBody              int64
	MaxLine, QueueLength int
	// Logger gets what goes wrong, and each line of the processes' error output. The
	// default is to log nothing.
	Logger *slog.Logger
}

// Variable is the value of an environment variable.
type Variable struct {
	// Value is the value.
	Value string
	// File, if set, is a file that holds the value. It is read each time that a process
	// is started, and a line end at its end does not count. The value is replaced by
	// "[redacted]" in what is logged of the processes' error output.
	File string
}

// The defaults of the limits.
const (
	defaultProcesses     = 64
	defaultPerUser       = 4
	defaultIdle          = 10 * time.Minute
	defaultStart         = 30 * time.Second
	defaultGrace         = 5 * time.Second
	defaultSend          = 10 * time.Second
	defaultClient        = 30 * time.Second
	defaultStreamAfter   = 5 * time.Second
	defaultBody          = 4 << 20
	defaultLine          = 16 << 20
	defaultQueue         = 64
	maxLimit             = math.MaxInt32
	maxTimeout           = 24 * time.Hour
	maxQueue             = 1 << 16
	maxLogLine           = 8 << 10
	maxSecret            = 64 << 10
	shortestSecretToHide = 4
)

// check returns the mistakes, joined.
func (c *Config) check() error {
	var faults configerr.List
	if len(c.Command) == 0 || c.Command[0] == "" {
		faults.Add(NoCommand, "Command", "")
	}
	for i, argument := range c.Command {
		if strings.ContainsRune(argument, 0) {
			faults.Add(InvalidArgument, "Command["+strconv.Itoa(i)+"]", "")
		}
	}
	for name, variable := range c.Env {
		field := "Env[" + strconv.Quote(name) + "]"
		switch {
		case name == "" || strings.ContainsAny(name, "=\x00"):
			faults.Add(InvalidVariable, field, "")
		case strings.ContainsRune(variable.Value, 0):
			faults.Add(InvalidArgument, field, "")
		case variable.Value != "" && variable.File != "":
			faults.Add(ConflictingVariable, field, "")
		}
	}
	c.checkLimits(&faults)
	return faults.Err()
}

func (c *Config) checkLimits(faults *configerr.List) {
	for _, limit := range []struct {
		name       string
		value, max int64
	}{
		{"MaxProcesses", int64(c.MaxProcesses), maxLimit}, {"MaxPerUser", int64(c.MaxPerUser), maxLimit},
		{"MaxBody", c.MaxBody, maxLimit}, {"MaxLine", int64(c.MaxLine), maxLimit}, {"QueueLength", int64(c.QueueLength), maxQueue},
	} {
		if limit.value < 0 || limit.value > limit.max {
			faults.Add(InvalidLimit, limit.name, strconv.FormatInt(limit.value, 10))
		}
	}
	for _, timeout := range []struct {
		name  string
		value time.Duration
	}{
		{"IdleTimeout", c.IdleTimeout}, {"StartTimeout", c.StartTimeout}, {"StopGrace", c.StopGrace},
		{"SendTimeout", c.SendTimeout}, {"ClientTimeout", c.ClientTimeout}, {"StreamAfter", c.StreamAfter},
	} {
		if timeout.value < 0 || timeout.value > maxTimeout {
			faults.Add(InvalidLimit, timeout.name, timeout.value.String())
		}
	}
}

// withDefaults returns the configuration with its defaults.
func (c Config) withDefaults() Config {
	c.MaxProcesses = cmp.Or(c.MaxProcesses, defaultProcesses)
	c.MaxPerUser = cmp.Or(c.MaxPerUser, defaultPerUser)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, defaultIdle)
	c.StartTimeout = cmp.Or(c.StartTimeout, defaultStart)
	c.StopGrace = cmp.Or(c.StopGrace, defaultGrace)
	c.SendTimeout = cmp.Or(c.SendTimeout, defaultSend)
	c.ClientTimeout = cmp.Or(c.ClientTimeout, defaultClient)
	c.StreamAfter = cmp.Or(c.StreamAfter, defaultStreamAfter)
	c.MaxBody = cmp.Or(c.MaxBody, defaultBody)
	c.MaxLine = cmp.Or(c.MaxLine, defaultLine)
	c.QueueLength = cmp.Or(c.QueueLength, defaultQueue)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
