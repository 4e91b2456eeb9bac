package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPUTime returns the user and system time that all threads of a process have
// used. /proc/PID/stat gives the same sum in ticks of 10 ms; the process's CPU
// clock, which any process may read, gives it in nanoseconds, so that a run of
// half a second is already exact to well below 1 %.
func CPUTime(pid int) (time.Duration, error) {
	// clock_getcpuclockid(3): the complement of the pid above three bits that
	// say "scheduler's clock of a whole process".
	const processSchedClock = 2
	clock := int32(^pid<<3 | processSchedClock)
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return 0, fmt.Errorf("reading the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// RSS returns the resident memory of a process in bytes.
func RSS(pid int) (int64, error) {
	// smaps_rollup walks the page tables; the counters behind VmRSS are kept
	// per core and may lag by some megabytes on large machines.
	value := procField(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Rss")
	if value == "" {
		value = procField(fmt.Sprintf("/proc/%d/status", pid), "VmRSS")
	}
	kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading the resident memory of process %d: %q", pid, value)
	}
	return kb << 10, nil
}

// PSS returns the proportional memory of a process and its children in bytes:
// what they share counts once.
func PSS(pid int) (int64, error) {
	value := procField(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss")
	kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading the memory of process %d: %q", pid, value)
	}
	total := kb << 10
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*/children", pid))
	if err != nil {
		return 0, err
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended meanwhile
		}
		for _, child := range strings.Fields(string(text)) {
			n, err := strconv.Atoi(child)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", list, err)
			}
			if bytes, err := PSS(n); err == nil { // or it has ended meanwhile
				total += bytes
			}
		}
	}
	return total, nil
}

// ThreadTimes returns the CPU time of each thread of a process by thread id.
func ThreadTimes(pid int) (map[int]time.Duration, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*/schedstat", pid))
	if err != nil {
		return nil, err
	}
	times := make(map[int]time.Duration)
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended meanwhile
		}
		ns, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(ns, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		tid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return nil, err
		}
		times[tid] = time.Duration(n)
	}
	if len(times) == 0 {
		return nil, fmt.Errorf("process %d has no threads (has it ended?)", pid)
	}
	return times, nil
}
