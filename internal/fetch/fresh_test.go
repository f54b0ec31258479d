package fetch

import (
	"net/http"
	"testing"
	"time"
)

func TestFreshFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	tests := []struct {
		name   string
		header http.Header
		want   time.Duration
		ok     bool
	}{
		{"nothing", http.Header{}, 0, false},
		{"nil header", nil, 0, false},
		{"unrelated directives", http.Header{"Cache-Control": {"public, must-revalidate"}}, 0, false},
		{"age alone", http.Header{"Age": {"10"}}, 0, false},
		{"max-age", http.Header{"Cache-Control": {"max-age=3600"}}, time.Hour, true},
		{"any case", http.Header{"Cache-Control": {"Public, MAX-AGE=60"}}, time.Minute, true},
		{"no space", http.Header{"Cache-Control": {"public,max-age=60,immutable"}}, time.Minute, true},
		{"spaces", http.Header{"Cache-Control": {" max-age=60\t, public "}}, time.Minute, true},
		{"quoted", http.Header{"Cache-Control": {`max-age="60"`}}, time.Minute, true},
		{"zero", http.Header{"Cache-Control": {"max-age=0"}}, 0, true},
		{"s-maxage is for shared caches", http.Header{"Cache-Control": {"s-maxage=60"}}, 0, false},
		{"shortest of several", http.Header{"Cache-Control": {"max-age=60", "max-age=30, max-age=90"}}, 30 * time.Second, true},
		{"second header line", http.Header{"Cache-Control": {"public", "max-age=60"}}, time.Minute, true},
		{"no-store", http.Header{"Cache-Control": {"max-age=60, no-store"}}, 0, true},
		{"no-cache", http.Header{"Cache-Control": {"no-cache"}}, 0, true},
		{"no-cache with a field name", http.Header{"Cache-Control": {`no-cache="set-cookie", max-age=60`}}, 0, true},
		{"inside a quoted string", http.Header{"Cache-Control": {`private="a, no-store, max-age=1", max-age=60`}}, time.Minute, true},
		{"escaped quote", http.Header{"Cache-Control": {`x="\", no-store", max-age=60`}}, time.Minute, true},
		{"unterminated quote", http.Header{"Cache-Control": {`x="max-age=60, no-store`}}, 0, false},
		{"ends in an escape", http.Header{"Cache-Control": {`x="\`}}, 0, false},
		{"name that only begins alike", http.Header{"Cache-Control": {"max-age-x=60"}}, 0, false},
		{"negative", http.Header{"Cache-Control": {"max-age=-1"}}, 0, true},
		{"no number", http.Header{"Cache-Control": {"max-age=abc"}}, 0, true},
		{"no value", http.Header{"Cache-Control": {"max-age"}}, 0, true},
		{"fraction", http.Header{"Cache-Control": {"max-age=1.5"}}, 0, true},
		{"sign", http.Header{"Cache-Control": {"max-age=+60"}}, 0, true},
		{"huge", http.Header{"Cache-Control": {"max-age=99999999999999999999999"}}, maxFresh, true},
		{"2^63", http.Header{"Cache-Control": {"max-age=9223372036854775808"}}, maxFresh, true},
		{"empty members", http.Header{"Cache-Control": {",, ,max-age=60,"}}, time.Minute, true},

		{"age subtracted", http.Header{"Cache-Control": {"max-age=60"}, "Age": {"20"}}, 40 * time.Second, true},
		{"older than fresh", http.Header{"Cache-Control": {"max-age=60"}, "Age": {"61"}}, 0, true},
		{"bad age", http.Header{"Cache-Control": {"max-age=60"}, "Age": {"-5"}}, time.Minute, true},
		{"huge age", http.Header{"Cache-Control": {"max-age=60"}, "Age": {"99999999999999999999"}}, 0, true},

		{"expires", http.Header{"Expires": {at(time.Hour)}}, time.Hour, true},
		{"expires after date", http.Header{"Expires": {at(time.Hour)}, "Date": {at(30 * time.Minute)}}, 30 * time.Minute, true},
		{"expires with a bad date", http.Header{"Expires": {at(time.Hour)}, "Date": {"yesterday"}}, time.Hour, true},
		{"expired", http.Header{"Expires": {at(-time.Hour)}}, 0, true},
		{"expires 0", http.Header{"Expires": {"0"}}, 0, true},
		{"expires with age", http.Header{"Expires": {at(time.Hour)}, "Age": {"60"}}, 59 * time.Minute, true},
		{"expires far away", http.Header{"Expires": {"Fri, 31 Dec 9999 23:59:59 GMT"}}, maxFresh, true},
		{"max-age wins", http.Header{"Expires": {at(time.Hour)}, "Cache-Control": {"max-age=60"}}, time.Minute, true},
		{"max-age wins over expired", http.Header{"Expires": {"0"}, "Cache-Control": {"max-age=60"}}, time.Minute, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := FreshFor(tt.header, now)
			if got != tt.want || ok != tt.ok {
				t.Errorf("got %s, %t, want %s, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func FuzzFreshFor(f *testing.F) {
	f.Add("max-age=60, no-cache", "5", "0")
	f.Add(`x="\", max-age=9`, "", "Fri, 31 Dec 9999 23:59:59 GMT")
	f.Fuzz(func(t *testing.T, cacheControl, age, expires string) {
		h := http.Header{"Cache-Control": {cacheControl}, "Age": {age}, "Expires": {expires}}
		if d, _ := FreshFor(h, time.Unix(1e9, 0)); d < 0 || d > maxFresh {
			t.Errorf("%q, %q, %q: %s", cacheControl, age, expires, d)
		}
	})
}
