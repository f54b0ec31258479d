package gateway

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
)

// settle is how long files must be left alone before they are read: several change
// together.
const settle = 200 * time.Millisecond

// errFile stands for the mistakes in the file where their texts have no place.
var errFile = errors.New("the file has changed and cannot be used; the log has the mistakes")

// changes tell that files may have changed, or that they are to be read again.
type changes struct {
	hangup chan os.Signal
	files  *fsnotify.Watcher // nil: only hangup tells
}

// notice begins to look for changes.
func (p *program) notice() *changes {
	c := &changes{hangup: make(chan os.Signal, 1)}
	signal.Notify(c.hangup, syscall.SIGHUP)
	var err error
	if c.files, err = fsnotify.NewWatcher(); err != nil {
		p.log.Warn("mcpauth: changes of files are not noticed; send SIGHUP", "cause", err)
	}
	p.watchDirectories(c.files)
	return c
}

func (c *changes) close() {
	signal.Stop(c.hangup)
	if c.files != nil {
		_ = c.files.Close()
	}
}

// watch reloads on SIGHUP and when a file changes, until ctx ends.
func (p *program) watch(ctx context.Context, c *changes) {
	defer c.close()
	var events <-chan fsnotify.Event // nil: none
	var faults <-chan error
	if c.files != nil {
		events, faults = c.files.Events, c.files.Errors
	}
	seen := p.current.Load().settings.Sum
	settled := time.After(0) // something may have changed since the file was read
	for {
		select {
		case <-ctx.Done():
			return
		case err := <-faults:
			p.log.Warn("mcpauth: changes of files may go unnoticed", "cause", err)
			continue
		case e := <-events:
			if p.isOurs(e.Name) {
				settled = time.After(settle)
			}
			continue
		case <-settled:
			if gatewayfile.Sum(p.current.Load().settings.Files) == seen {
				continue
			}
		case <-c.hangup:
			p.reopenAudit()
		}
		seen = gatewayfile.Sum(p.current.Load().settings.Files)
		p.reload(ctx)
		p.watchDirectories(c.files)
		settled = time.After(settle) // what was seen may have changed before it was read
	}
}

// reopenAudit opens the audit log again, after it was moved away.
func (p *program) reopenAudit() {
	if err := p.audit.reopen(p.current.Load().settings.Audit); err != nil {
		p.log.Error("mcpauth: the audit log cannot be opened again", "cause", err)
	}
}

// reload reads the file again. If it is wrong, everything stays as it was.
func (p *program) reload(ctx context.Context) {
	old := p.current.Load()
	settings, err := gatewayfile.Read(p.path)
	var next *generation
	if err == nil {
		next, err = p.generation(settings, old.gateway)
	}
	if err == nil && !sameAudit(old.settings.Audit, settings.Audit) {
		if err = p.audit.reopen(settings.Audit); err != nil {
			next.done()
		}
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			p.log.Error("mcpauth: the file has a mistake, and the gateway goes on as before", "mistake", line)
		}
		p.health.note(partFile, errFile)
		return
	}
	p.warnOfRestart(old.settings, settings)
	p.health.forget()
	p.health.note(partFile, nil)
	p.swap(next)
	p.warmUp(ctx)
	p.log.Info("mcpauth: the file was read again", "resources", len(settings.Upstreams))
}

func sameAudit(a, b *gatewayfile.AuditSettings) bool {
	return a == b || a != nil && b != nil && a.Path == b.Path
}

// warnOfRestart names what changes at the next start only.
func (p *program) warnOfRestart(old, settings *gatewayfile.Settings) {
	if old.Telemetry != settings.Telemetry || old.LogJSON != settings.LogJSON {
		p.log.Warn("mcpauth: telemetry changes at the next start only")
	}
	if old.Listen != settings.Listen || old.Admin != settings.Admin || old.H2C != settings.H2C || (old.Certificate == nil) != (settings.Certificate == nil) {
		p.log.Warn("mcpauth: listen, admin, h2c and whether there is TLS change at the next start only")
	}
}

// warmUp fetches keys and metadata that are not there yet, so that an outage is seen
// early: the hooks note the outcome.
func (p *program) warmUp(ctx context.Context) {
	g := p.current.Load()
	if !g.use() {
		return
	}
	p.work.Go(func() {
		defer g.done()
		_ = g.gateway.Auth().Ready(ctx)
	})
}

// watchDirectories watches the directories of all files: what replaces a file is seen
// only there.
func (p *program) watchDirectories(files *fsnotify.Watcher) {
	if files == nil {
		return
	}
	for _, file := range p.current.Load().settings.Files {
		dir := filepath.Dir(file)
		if slices.Contains(files.WatchList(), dir) {
			continue
		}
		if err := files.Add(dir); err != nil {
			p.log.Warn("mcpauth: changes of files are not noticed; send SIGHUP", "directory", dir, "cause", err)
		}
	}
}

// isOurs reports whether a change may be one of ours: of a file that was read, or of a
// link that leads to it, as in directories that Kubernetes mounts.
func (p *program) isOurs(name string) bool {
	return strings.HasPrefix(filepath.Base(name), "..") || slices.ContainsFunc(p.current.Load().settings.Files, func(file string) bool {
		return filepath.Clean(file) == filepath.Clean(name)
	})
}
