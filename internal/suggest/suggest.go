// Package suggest finds the word that was probably meant.
package suggest

// maxWord bounds the words that are compared, in bytes.
const maxWord = 64

// Closest returns the known word that is a slip or two away from word, or
// nothing. Of several it is the closest, and of those the first.
func Closest(word string, known []string) string {
	return nearest(word, known, func(candidate string) int { return min(2, len(candidate)-2) })
}

// Slip is Closest for words that are good in themselves, and rarely a slip: one
// letter in four may be wrong, and two at most.
func Slip(word string, known []string) string {
	return nearest(word, known, func(candidate string) int { return min(2, len(candidate)/4) })
}

func nearest(word string, known []string, most func(candidate string) int) string {
	best, fewest := "", 3
	for _, candidate := range known {
		if d := distance(word, candidate); d < fewest && d <= most(candidate) {
			best, fewest = candidate, d
		}
	}
	return best
}

// distance is how many letters must be added, removed or changed, or swapped
// with their neighbours, to make b of a.
func distance(a, b string) int {
	a, b = a[:min(len(a), maxWord)], b[:min(len(b), maxWord)]
	before, row := make([]int, len(b)+1), make([]int, len(b)+1) // of the letters of a but one, and of all so far
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := row[j]
			if a[i] != b[j] {
				cost++
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, before[j-1]+1)
			}
			next[j+1] = min(cost, row[j+1]+1, next[j]+1)
		}
		before, row = row, next
	}
	return row[len(b)]
}
