package network

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// tcpRow is a line of /proc/net/tcp, split into fields.
type tcpRow []string

// tcpTable returns the rows of the sockets with the local port.
func tcpTable(t *testing.T, port int) (rows []tcpRow) {
	t.Helper()
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 5 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
			rows = append(rows, f)
		}
	}
	return rows
}

// keepAliveTimer tells whether the socket from port to remote has a keepalive
// timer.
func keepAliveTimer(t *testing.T, port, remote int) bool {
	t.Helper()
	for _, f := range tcpTable(t, port) {
		if strings.HasSuffix(f[2], fmt.Sprintf(":%04X", remote)) {
			return strings.HasPrefix(f[5], "02:") // 02 is the keepalive timer
		}
	}
	t.Fatalf("no connection from port %d to %d", port, remote)
	return false
}
