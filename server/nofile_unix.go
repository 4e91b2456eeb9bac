//go:build unix

package server

import (
	"strconv"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"larder/server/config"
)

// reservedFiles is how many file descriptors larder needs besides those of its
// clients: listeners, event loops, files.
const reservedFiles = 32

// raiseFileLimit makes sure that maxclients connections fit into the number of
// files that the process may have open. When the system does not allow that
// many, maxclients is lowered to what does fit: refusing a client with a reason
// is better than failing to accept it.
func (srv *Server) raiseFileLimit() {
	want := uint64(srv.cfg.Load().MaxClients) + reservedFiles
	got, err := growFileLimit(want)
	if got >= want {
		return
	}
	fit := max(1, int64(got)-reservedFiles)
	srv.log.Warn("the system allows too few open files for maxclients, which has been lowered to fit; raise the limit (ulimit -n) or set maxclients",
		zap.Uint64("needed", want), zap.Uint64("allowed", got), zap.Int64("maxclients", fit), zap.Error(err))
	if _, err := srv.cfg.Set([]string{"maxclients", strconv.FormatInt(fit, 10)}, config.SetOptions{Local: true}); err != nil {
		srv.log.Warn("cannot lower maxclients", zap.Error(err))
	}
}

// growFileLimit raises the limit of open files to want, or as far as possible,
// and returns what it is then. The error says why it is less than want.
func growFileLimit(want uint64) (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return want, nil // unknown: the accept loop will tell
	}
	if uint64(limit.Cur) >= want {
		return uint64(limit.Cur), nil
	}
	higher := limit
	higher.Cur = asLimit(limit.Cur, want)
	higher.Max = max(limit.Max, higher.Cur)
	err := unix.Setrlimit(unix.RLIMIT_NOFILE, &higher) // beyond the hard limit only for the privileged
	if err == nil {
		return want, nil
	}
	if limit.Cur < limit.Max {
		higher.Cur, higher.Max = limit.Max, limit.Max
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &higher) == nil {
			return uint64(limit.Max), err
		}
	}
	return uint64(limit.Cur), err
}

// asLimit converts n to the type of a limit, which differs between systems.
func asLimit[T int64 | uint64](_ T, n uint64) T { return T(n) }
