package backup

import (
	"testing"
	"time"
)

// What is written is understood as it is meant.
func TestSchedule(t *testing.T) {
	from := time.Date(2026, 11, 22, 10, 20, 30, 0, time.UTC)
	for text, want := range map[string]string{
		"@hourly": "2026-11-22T11:00:00Z", "@daily": "2026-11-23T00:00:00Z", "6h": "2026-11-22T16:20:30Z", "1d": "2026-11-23T10:20:30Z",
		"@every 90m": "2026-11-22T11:50:30Z", "15 3 * * *": "2026-11-23T03:15:00Z", "*/10 * * * *": "2026-11-22T10:30:00Z",
	} {
		s, err := ParseSchedule(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next(from).Format(time.RFC3339); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	for _, bad := range []string{"", "often", "10ms", "61 * * * *", "* * *", "@sometimes"} {
		if s, err := ParseSchedule(bad); err == nil {
			t.Errorf("%q is taken: %v", bad, s)
		}
	}
}
