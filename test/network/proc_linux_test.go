package network

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// rss is the memory that the process holds, in bytes.
func (s *server) rss() int64 {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// cpu is the processor time that the process's threads have used.
func (s *server) cpu() time.Duration {
	s.t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.cmd.Process.Pid))
	if err != nil || len(tasks) == 0 {
		s.t.Fatalf("no threads to be seen: %v", err)
	}
	var used time.Duration
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			s.t.Fatal(err)
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		used += time.Duration(ns)
	}
	return used
}

// files is the number of file descriptors that the process has open.
func (s *server) files() int {
	s.t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(list)
}

// awaitStopped waits until SIGSTOP has taken effect on all threads.
func (s *server) awaitStopped() {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.cmd.Process.Pid))
		if err != nil {
			s.t.Fatal(err)
		}
		stopped := 0
		for _, task := range tasks {
			text, err := os.ReadFile(task)
			if err == nil && strings.Contains(string(text), ") T ") {
				stopped++
			}
		}
		if stopped == len(tasks) {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d of %d threads are stopped", stopped, len(tasks))
		}
	}
}
