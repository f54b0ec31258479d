package jsonx

import "time"

// numberEnd returns where the number that begins at text[i] ends, or -1 if none
// begins there (RFC 8259 §6).
func numberEnd(text []byte, i int) int {
	if i < len(text) && text[i] == '-' {
		i++
	}
	start := i
	i = digitsEnd(text, i)
	if i == start || (text[start] == '0' && i > start+1) {
		return -1
	}
	if i < len(text) && text[i] == '.' {
		start = i + 1
		if i = digitsEnd(text, start); i == start {
			return -1
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		start = i
		if i = digitsEnd(text, start); i == start {
			return -1
		}
	}
	return i
}

func digitsEnd(text []byte, i int) int {
	for i < len(text) && '0' <= text[i] && text[i] <= '9' {
		i++
	}
	return i
}

const (
	minUnix = -62135596800 // 0001-01-01T00:00:00Z
	maxUnix = 253402300799 // 9999-12-31T23:59:59Z

	// A date written with more characters than this is not meant as one.
	maxDateLen = 512
	// No exponent that large can be made up for by maxDateLen digits.
	maxExponent = 10 * maxDateLen
	// The digits that maxUnix has.
	maxSecondDigits = 12
)

// NumericDate returns the time that raw stands for, in UTC: seconds since
// 1970-01-01T00:00:00Z as a JSON number of any form, fractions and exponents
// included (RFC 7519 §2). What is below a nanosecond is cut off towards 1970. A
// time outside the years 1 to 9999 is refused.
func NumericDate(raw []byte) (time.Time, bool) {
	if len(raw) == 0 || len(raw) > maxDateLen {
		return time.Time{}, false
	}
	if seconds, ok := plainSeconds(raw); ok {
		return date(seconds, 0)
	}
	if numberEnd(raw, 0) != len(raw) {
		return time.Time{}, false
	}
	text := string(raw)
	negative := text[0] == '-'
	digits, point := decimal(text)
	if point > maxSecondDigits {
		return time.Time{}, false
	}
	var seconds, nanos int64
	for i := range max(point, 0) {
		seconds = seconds*10 + digitAt(digits, i)
	}
	for i := range 9 {
		nanos = nanos*10 + digitAt(digits, point+i)
	}
	if negative {
		seconds, nanos = -seconds, -nanos
	}
	return date(seconds, nanos)
}

// plainSeconds reads what nearly every token carries: a few digits.
func plainSeconds(raw []byte) (int64, bool) {
	if len(raw) > maxSecondDigits || (raw[0] == '0' && len(raw) > 1) {
		return 0, false
	}
	var seconds int64
	for _, c := range raw {
		if c < '0' || c > '9' {
			return 0, false
		}
		seconds = seconds*10 + int64(c-'0')
	}
	return seconds, true
}

func date(seconds, nanos int64) (time.Time, bool) {
	if seconds > maxUnix || seconds < minUnix || (seconds == minUnix && nanos < 0) {
		return time.Time{}, false
	}
	return time.Unix(seconds, nanos).UTC(), true
}

// decimal takes the absolute value of a number apart: it is 0.DIGITS times ten
// to the power of point. The first digit is not 0 unless the number is 0.
func decimal(text string) (digits string, point int) {
	mantissa := make([]byte, 0, len(text))
	fraction := 0
	inFraction := false
	i := 0
scan:
	for ; i < len(text); i++ {
		switch c := text[i]; c {
		case '-':
		case '.':
			inFraction = true
		case 'e', 'E':
			break scan
		default:
			mantissa = append(mantissa, c)
			if inFraction {
				fraction++
			}
		}
	}
	zeros := 0
	for zeros < len(mantissa) && mantissa[zeros] == '0' {
		zeros++
	}
	if zeros == len(mantissa) {
		return "", 0
	}
	point = len(mantissa) - fraction - zeros + exponent(text[i:])
	return string(mantissa[zeros:]), point
}

// exponent returns the value of "", "e5", "E-5" and the like, held to
// ±maxExponent.
func exponent(text string) int {
	if text == "" {
		return 0
	}
	text = text[1:]
	sign := 1
	switch text[0] {
	case '-':
		sign, text = -1, text[1:]
	case '+':
		text = text[1:]
	}
	value := 0
	for i := range len(text) {
		value = min(value*10+int(text[i]-'0'), maxExponent)
	}
	return sign * value
}

func digitAt(digits string, i int) int64 {
	if i < 0 || i >= len(digits) {
		return 0
	}
	return int64(digits[i] - '0')
}
