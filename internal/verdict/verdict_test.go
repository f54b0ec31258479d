package verdict_test

import (
	"testing"

	"github.com/mcp-auth/go/internal/verdict"
)

func TestVerdictsEngine(t *testing.T) {
	t.Parallel()
	verdict.Run(t, "testdata/verdicts", verdict.Engine())
}

func TestVerdictsHTTP(t *testing.T) {
	t.Parallel()
	verdict.Run(t, "testdata/verdicts", verdict.HTTP())
}
