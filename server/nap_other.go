//go:build !linux

package server

import "time"

func nap(d time.Duration) { time.Sleep(d) }
