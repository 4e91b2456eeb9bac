package load

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// Replayed is what a replay has counted.
type Replayed struct {
	Requests, Hits uint64
	// MeanKeys is the number of keys that the server held on average over
	// replaySamples samples of DBSIZE.
	MeanKeys float64
}

// HitRatio returns the share of requests that found their key, in percent.
func (r Replayed) HitRatio() float64 { return 100 * float64(r.Hits) / float64(max(r.Requests, 1)) }

const replaySamples = 50

// Replay asks for the keys one after the other, as a program does that keeps
// its results in a cache: GET, and SET of a value of that many bytes when the
// key was not there. A SET travels with the GET that follows it; the server
// runs them in order, so that nothing is different from waiting for it. The
// number of keys is sampled from request sampleFrom on.
func Replay(ctx context.Context, addr string, keys [][]byte, valueBytes, sampleFrom int) (Replayed, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return Replayed{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	in := bufio.NewReader(conn)
	value := string(makeValue(valueBytes))
	var r Replayed
	var out []byte
	setPending, keysSum, samples := false, 0.0, 0
	every := max((len(keys)-sampleFrom)/replaySamples, 1)
	for i, key := range keys {
		sample := i >= sampleFrom && (i-sampleFrom)%every == 0
		out = fmt.Appendf(out, "*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", len(key), key)
		if sample {
			out = append(out, "*1\r\n$6\r\nDBSIZE\r\n"...)
		}
		if _, err := conn.Write(out); err != nil {
			return r, replayError(ctx, err)
		}
		out = out[:0]
		if setPending {
			if line, err := in.ReadString('\n'); err != nil || line != "+OK\r\n" {
				return r, replayError(ctx, replyError("SET", line, err))
			}
		}
		hit, err := readHit(in, valueBytes)
		if err != nil {
			return r, replayError(ctx, err)
		}
		r.Requests++
		if hit {
			r.Hits++
		} else {
			out = fmt.Appendf(out, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(key), key, valueBytes, value)
		}
		setPending = !hit
		if sample {
			var n int64
			line, err := in.ReadString('\n')
			if _, scanErr := fmt.Sscanf(line, ":%d\r\n", &n); err != nil || scanErr != nil {
				return r, replayError(ctx, replyError("DBSIZE", line, err))
			}
			keysSum += float64(n)
			samples++
		}
	}
	r.MeanKeys = keysSum / float64(max(samples, 1))
	return r, nil
}

// readHit reads the reply to a GET.
func readHit(in *bufio.Reader, valueBytes int) (bool, error) {
	line, err := in.ReadString('\n')
	if err == nil && line == "$-1\r\n" {
		return false, nil
	}
	if err != nil || line != fmt.Sprintf("$%d\r\n", valueBytes) {
		return false, replyError("GET", line, err)
	}
	_, err = in.Discard(valueBytes + 2)
	return true, err
}

func replyError(command, line string, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%w to %s: %s", ErrUnexpected, command, strings.TrimSpace(line))
}

// replayError prefers the reason for which the connection was closed.
func replayError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("replay: %w", err)
}
