package host

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Describe says in one line which machine this is: cores, model, memory, kernel.
func Describe() string {
	model := procField("/proc/cpuinfo", "model name")
	if model == "" {
		model = runtime.GOARCH
	}
	kernel := "unknown kernel"
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		kernel = unix.ByteSliceToString(uts.Sysname[:]) + " " + unix.ByteSliceToString(uts.Release[:])
	}
	memKB, _ := strconv.ParseInt(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	return fmt.Sprintf("%d cores, %s, %.0f GB, %s", Cores(), model, float64(memKB)/(1<<20), kernel)
}

// Cores returns how many cores this process could use when it started.
func Cores() int { return runtime.NumCPU() }

// AvailableBytes returns the memory that the kernel believes it can hand out
// without swapping, 0 when it does not say.
func AvailableBytes() int64 {
	kb, _ := strconv.ParseInt(strings.TrimSuffix(procField("/proc/meminfo", "MemAvailable"), " kB"), 10, 64)
	return kb << 10
}

// RaiseFileLimit raises the limit of open files of this process, and of the
// servers that it starts, to at least n.
func RaiseFileLimit(n uint64) error {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return fmt.Errorf("reading the limit of open files: %w", err)
	}
	if lim.Cur >= n {
		return nil
	}
	lim.Cur = max(n, lim.Cur)
	lim.Max = max(lim.Max, lim.Cur)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return fmt.Errorf("raising the limit of open files to %d (try ulimit -n %d): %w", n, n, err)
	}
	return nil
}

// PinSelf restricts all threads of this process, present and future, to the
// given cores. Threads inherit the set of the thread that starts them, so the
// loop repeats until it has seen no thread that it has not pinned yet.
func PinSelf(cores ...int) error {
	var set unix.CPUSet
	for _, c := range cores {
		set.Set(c)
	}
	pinned := make(map[int]bool)
	for range 100 {
		tasks, err := filepath.Glob("/proc/self/task/[0-9]*")
		if err != nil {
			return err
		}
		fresh := 0
		for _, t := range tasks {
			tid, err := strconv.Atoi(filepath.Base(t))
			if err != nil || pinned[tid] {
				continue
			}
			if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
				return fmt.Errorf("pinning the load generator to cores %v: %w", cores, err)
			}
			pinned[tid] = true
			fresh++
		}
		if fresh == 0 {
			return nil
		}
	}
	return fmt.Errorf("pinning the load generator to cores %v: its threads keep changing", cores)
}

// procField returns the value of the first line "name : value" of a file
// below /proc, "" when there is none.
func procField(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		field, value, ok := strings.Cut(lines.Text(), ":")
		if ok && strings.TrimSpace(field) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
