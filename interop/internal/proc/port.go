package proc

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Ports for servers whose URL must be known before they listen. They lie below
// the range from which systems take the ports of outgoing connections and of
// listeners on port 0, so that nothing of that kind takes one in between.
const (
	firstPort = 15000
	ports     = 15000
	portTries = 100
)

// FreePort returns a random TCP port on 127.0.0.1 that nothing listens on.
func FreePort(tb testing.TB) int {
	tb.Helper()
	for range portTries {
		port := firstPort + rand.IntN(ports)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l.Close()
		return port
	}
	tb.Fatalf("no free port found in %d tries", portTries)
	return 0
}
