package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"go.uber.org/zap"
)

// checkDir reports why dir, the absolute path that the directive of that name
// gives, cannot be a working directory; nil if it can.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("dir: %s does not exist: create the directory or name another one", dir)
	case err != nil:
		return fmt.Errorf("dir: cannot look at the directory: %w", err)
	case !info.IsDir():
		return fmt.Errorf("dir: %s is not a directory: name one", dir)
	}
	return nil
}

// pidText is what a pidfile of this process says.
func pidText() string { return strconv.Itoa(os.Getpid()) + "\n" }

// writePidFile makes the file at path hold the process id, whatever it held
// before: a server that was killed leaves its file behind.
func writePidFile(path string) error {
	if err := os.WriteFile(path, []byte(pidText()), 0o644); err != nil {
		return fmt.Errorf("pidfile: cannot write the process id: %w", err)
	}
	return nil
}

// removePidFile removes the file at path, unless another process has put its
// own id there in the meantime.
func removePidFile(path string, log *zap.Logger) {
	text, err := os.ReadFile(path)
	if err == nil && string(text) != pidText() {
		log.Warn("the pidfile names another process: leaving it alone", zap.String("file", path))
		return
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("cannot remove the pidfile", zap.Error(err))
	}
}
