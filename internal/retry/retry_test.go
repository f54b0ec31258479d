package retry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

var errPassing, errLasting = errors.New("errPassing"), errors.New("errLasting")

func mayPass(err error) bool { return err == errPassing }

// Covers RS21.
func TestDo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []error
		want    error
		asked   int
		took    time.Duration
	}{
		"at once":           {[]error{nil}, nil, 1, 0},
		"after one failure": {[]error{errPassing, nil}, nil, 2, 0},
		"after two":         {[]error{errPassing, errPassing, nil}, nil, 3, pauseBeforeLast},
		"never":             {[]error{errPassing, errPassing, errPassing, nil}, errPassing, 3, pauseBeforeLast},
		"errLasting":        {[]error{errLasting, nil}, errLasting, 1, 0},
		"errLasting, later": {[]error{errPassing, errLasting, nil}, errLasting, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				began := time.Now()
				got, err := Do(t.Context(), mayPass, func(context.Context) (int, error) {
					asked++
					return asked, test.answers[asked-1]
				})
				if err != test.want || asked != test.asked || got != asked || time.Since(began) != test.took {
					t.Errorf("%v after %d attempts (result %d) and %s", err, asked, got, time.Since(began))
				}
			})
		})
	}
}

// Covers RS21. All attempts together take no more time than one may.
func TestDoEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]time.Duration{"during an attempt": 30 * time.Millisecond, "during the pause": 120 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				began := time.Now()
				_, err := Do(ctx, mayPass, func(context.Context) (int, error) {
					time.Sleep(40 * time.Millisecond)
					return 0, errPassing
				})
				if err == nil || time.Since(began) > max(limit, 40*time.Millisecond) {
					t.Errorf("%v after %s", err, time.Since(began))
				}
			})
		})
	}
}
