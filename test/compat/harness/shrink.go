package harness

import (
	"bytes"
	"strconv"
	"time"
)

// Bounds of one shrink.
const (
	maxShrinkRuns = 600
	maxShrinkTime = 20 * time.Second
)

// Shrink looks for a shorter history that fails in the same way (the same
// command with the same kinds of replies) and returns its mismatch. The
// given one is returned when nothing shorter fails.
func (r *Runner) Shrink(m *Mismatch) *Mismatch {
	s := shrinker{r: r, best: m, signature: m.Signature(), until: time.Now().Add(maxShrinkTime)}
	s.best.History.Steps = s.best.History.Steps[:s.best.At+1]
	s.dropSteps()
	s.simplifyArgs()
	s.dropSteps()
	return s.best
}

type shrinker struct {
	r         *Runner
	best      *Mismatch
	signature string
	runs      int
	until     time.Time
}

// try runs a candidate and keeps it when it fails in the same way.
func (s *shrinker) try(steps []Step) bool {
	if s.runs >= maxShrinkRuns || time.Now().After(s.until) {
		return false
	}
	s.runs++
	h := s.best.History
	h.Steps = steps
	m, err := s.r.Run(h)
	if err != nil || m == nil || m.Signature() != s.signature {
		return false
	}
	m.History.Steps = m.History.Steps[:m.At+1]
	s.best = m
	return true
}

// dropSteps removes runs of steps, halves first, single steps last.
func (s *shrinker) dropSteps() {
	for size := max(1, len(s.best.History.Steps)/2); size >= 1; size /= 2 {
		for at := 0; at < len(s.best.History.Steps)-1; {
			steps := s.best.History.Steps
			end := min(at+size, len(steps)-1)
			candidate := append(append([]Step{}, steps[:at]...), steps[end:]...)
			if !s.try(candidate) {
				at += size
			}
		}
	}
}

// simplifyArgs drops arguments of RESP commands and shortens the others.
func (s *shrinker) simplifyArgs() {
	for i := 0; i < len(s.best.History.Steps); i++ {
		switch s.best.History.Steps[i].Op {
		case OpText:
			for i < len(s.best.History.Steps) {
				smaller, ok := halveData(s.best.History.Steps[i].Args[0])
				if !ok || !s.try(s.withArgs(i, [][]byte{smaller})) {
					break
				}
			}
			continue
		case OpBinary, OpGone, OpScan:
			continue
		}
		for j := len(s.best.History.Steps[i].Args) - 1; j >= 1; j-- {
			if i >= len(s.best.History.Steps) || j >= len(s.best.History.Steps[i].Args) {
				continue
			}
			args := s.best.History.Steps[i].Args
			if s.try(s.withArgs(i, append(append([][]byte{}, args[:j]...), args[j+1:]...))) {
				continue
			}
			s.shorten(i, j)
		}
	}
}

// shorten cuts an argument to its half as long as the failure stays.
func (s *shrinker) shorten(i, j int) {
	for {
		if i >= len(s.best.History.Steps) || j >= len(s.best.History.Steps[i].Args) {
			return
		}
		arg := s.best.History.Steps[i].Args[j]
		if len(arg) < 2 {
			return
		}
		args := append([][]byte{}, s.best.History.Steps[i].Args...)
		args[j] = arg[:len(arg)/2]
		if !s.try(s.withArgs(i, args)) {
			return
		}
	}
}

func (s *shrinker) withArgs(i int, args [][]byte) []Step {
	steps := append([]Step{}, s.best.History.Steps...)
	steps[i].Args = args
	return steps
}

// halveData cuts the data block of a memcached text storage request to its
// half and states the new length; ok is false when there is none to cut.
func halveData(raw []byte) (smaller []byte, ok bool) {
	head, rest, found := bytes.Cut(raw, []byte("\r\n"))
	data, isBlock := bytes.CutSuffix(rest, []byte("\r\n"))
	length := strconv.AppendInt([]byte(" "), int64(len(data)), 10)
	if !found || !isBlock || len(data) < 2 || !bytes.Contains(head, length) {
		return nil, false
	}
	data = data[:len(data)/2]
	at := bytes.LastIndex(head, length)
	smaller = append(bytes.Clone(head[:at]), strconv.AppendInt([]byte(" "), int64(len(data)), 10)...)
	smaller = append(smaller, head[at+len(length):]...)
	smaller = append(smaller, "\r\n"...)
	return append(append(smaller, data...), "\r\n"...), true
}
