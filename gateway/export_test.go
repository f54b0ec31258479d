package gateway

import (
	"context"
	"net"
)

// DialBy has an upstream connect by a function.
func (u *Upstream) DialBy(dial func(context.Context, string, string) (net.Conn, error)) {
	u.transport.DialContext = dial
}
