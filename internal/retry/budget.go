package retry

import "sync/atomic"

const (
	retryPrice = 5
	maxBudget  = 20 * retryPrice
)

// Budget bounds how many questions are asked again: one for every five that were
// answered, and twenty beyond that. An authorization server that fails for long is
// not asked three times as much as one that is well. The zero Budget is full.
type Budget struct{ spent atomic.Int64 }

// Spend takes the price of one retry, and returns false if too little is left.
func (b *Budget) Spend() bool {
	if b.spent.Add(retryPrice) <= maxBudget {
		return true
	}
	b.spent.Add(-retryPrice)
	return false
}

// Earn adds what one answer is worth.
func (b *Budget) Earn() {
	if b.spent.Add(-1) < 0 {
		b.spent.Add(1)
	}
}
