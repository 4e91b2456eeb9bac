package command

import (
	"strings"
	"testing"
)

// TestXRangePausesOver changes a large stream in the pauses that XRANGE makes: what
// is replied is of one state, the last.
func TestXRangePausesOver(t *testing.T) {
	for name, change := range map[string]func(pause int) string{
		"nothing changes":      func(int) string { return "" },
		"an entry comes":       func(pause int) string { return onlyAt(pause, 3, "XADD streamsrc 9999-9 f v") },
		"an entry goes":        func(pause int) string { return onlyAt(pause, 3, "XDEL streamsrc 5-1") },
		"it is trimmed":        func(pause int) string { return onlyAt(pause, 3, "XTRIM streamsrc MAXLEN = 700") },
		"it goes":              func(pause int) string { return onlyAt(pause, 3, "DEL streamsrc") },
		"it is replaced":       func(pause int) string { return onlyAt(pause, 3, "COPY other streamsrc REPLACE") },
		"changes all the time": func(int) string { return "XADD streamsrc * f v" },
	} {
		t.Run(name, func(t *testing.T) {
			for _, request := range []string{"XRANGE streamsrc - +", "XREVRANGE streamsrc + -", "XRANGE streamsrc 100 3000 COUNT 2700", "XREVRANGE streamsrc (4000-1 300"} {
				h := newTester(t, 0)
				fillLarge(h, "src", 6000, "stream")
				h.do("XADD", "other", "7-7", "f", "v")
				got, pauses := h.pausing(request, func(other *tester, pause int) {
					if words := strings.Fields(change(pause)); len(words) > 0 {
						other.do(words...)
					}
				})
				if pauses < 3 {
					t.Errorf("%s has paused %d times", request, pauses)
				}
				if want := h.do(strings.Fields(request)...); got != want {
					t.Errorf("%s answers %.60q (%d bytes), and then %.60q (%d)", request, got, len(got), want, len(want))
				}
			}
		})
	}
}
