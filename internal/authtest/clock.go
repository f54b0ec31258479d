package authtest

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that only tests move, so that a busy machine changes nothing.
type Clock struct {
	start  time.Time
	offset atomic.Int64
}

// NewClock returns a clock that shows the current time.
func NewClock() *Clock { return &Clock{start: time.Now()} }

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time { return c.start.Add(time.Duration(c.offset.Load())) }

// Advance moves the clock, back if d is negative.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }
