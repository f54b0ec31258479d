// Package suggest finds the word that was probably meant.
package suggest

// maxWord bounds the words that are compared, in bytes.
const maxWord = 64

// Closest returns the known word that is a slip or two away from word, or
// nothing. Of several it is the closest, and of those the first.
func Closest(word string, known []string) string {
	best, fewest := "", 3
	for _, candidate := range known {
		if d := distance(word, candidate); d < fewest && d < len(candidate)-1 {
			best, fewest = candidate, d
		}
	}
	return best
}

// distance is how many letters must be added, removed or changed to make b of a.
func distance(a, b string) int {
	a, b = a[:min(len(a), maxWord)], b[:min(len(b), maxWord)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
