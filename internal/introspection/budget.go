package introspection

import "sync/atomic"

const (
	retryPrice = 5
	maxBudget  = 20 * retryPrice
)

// budget bounds how many questions are asked again: one for every five that were
// answered, and twenty beyond that. An authorization server that fails for long is
// not asked three times as much as one that is well. The zero budget is full.
type budget struct{ spent atomic.Int64 }

// spend takes the price of one retry, and returns false if too little is left.
func (b *budget) spend() bool {
	if b.spent.Add(retryPrice) <= maxBudget {
		return true
	}
	b.spent.Add(-retryPrice)
	return false
}

// earn adds what one answer is worth.
func (b *budget) earn() {
	if b.spent.Add(-1) < 0 {
		b.spent.Add(1)
	}
}
