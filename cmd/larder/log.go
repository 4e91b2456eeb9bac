package main

import (
	"fmt"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"larder/server/config"
)

// levels maps Redis's names of log levels to zap's.
var levels = map[string]zapcore.Level{
	"debug": zapcore.DebugLevel, "verbose": zapcore.InfoLevel, "notice": zapcore.InfoLevel,
	"warning": zapcore.WarnLevel, "nothing": zapcore.FatalLevel + 1,
}

// newLogger writes to logfile, or to standard output if there is none. The
// function that it returns changes the level.
func newLogger(cfg *config.Config) (*zap.Logger, func(level string), error) {
	out := zapcore.Lock(os.Stdout)
	if cfg.LogFile != "" {
		f, err := os.OpenFile(cfg.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, nil, fmt.Errorf("logfile: cannot write the log: %w", err)
		}
		out = zapcore.Lock(f)
	}
	enc := zap.NewDevelopmentEncoderConfig()
	enc.EncodeTime = zapcore.TimeEncoderOfLayout("2006-01-02 15:04:05.000")
	enc.EncodeLevel = zapcore.LowercaseLevelEncoder
	level := zap.NewAtomicLevelAt(levels[cfg.LogLevel])
	log := zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(enc), out, level))
	return log, func(name string) { level.SetLevel(levels[name]) }, nil
}
