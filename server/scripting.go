package server

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"larder/server/script"
)

// Scripting. A script runs on a worker, so that its loop serves others, and in
// an interpreter of package script; what it asks of the server goes through a
// scriptHost, which runs commands nested.
//
// Locks: a script holds the shards of the keys that it has declared, from its
// first command to its end, so it is one step for everybody else. One that
// reaches for another key is taken back, if it has written nothing yet, and
// begins again with all shards locked; that is remembered for its next runs.
// Before its first command a script holds nothing: one that only computes is
// in nobody's way.

// scripting is what the server knows of scripts and functions.
type scripting struct {
	pool script.Pool
	// holders are the scripts that hold shards, by shard.
	holders []atomic.Pointer[scriptRun]
	// busyMillis is the present busy-reply-threshold.
	busyMillis func() int64
	// mu guards the fields below. It is a leaf.
	mu        sync.Mutex
	cache     map[string]*cachedScript // by digest
	bytes     int                      // of the bodies
	evictable []string                 // digests of scripts that came by EVAL, oldest first
	libs      map[string]*script.Library
	functions map[string]libraryFunction
	running   map[*scriptRun]struct{}
	ending    scriptEnd
}

// libraryFunction is a function with its library.
type libraryFunction struct {
	lib *script.Library
	script.Function
	known *habits
}

// cachedScript is a script with what its runs have shown.
type cachedScript struct {
	*script.Script
	known habits
	// pinned tells that SCRIPT LOAD asked for it: it stays until SCRIPT FLUSH.
	pinned bool
}

// maxEvalScripts is how many scripts that came by EVAL are kept; the oldest
// give way. Those of SCRIPT LOAD stay. As in Redis 7.4.
const maxEvalScripts = 500

func (sc *scripting) init(srv *Server) {
	sc.holders = make([]atomic.Pointer[scriptRun], len(srv.engine.Shards()))
	sc.busyMillis = func() int64 { return srv.cfg.Load().BusyReplyMillis }
	sc.cache = make(map[string]*cachedScript)
	sc.libs = make(map[string]*script.Library)
	sc.functions = make(map[string]libraryFunction)
	sc.running = make(map[*scriptRun]struct{})
}

// find returns a script by its digest, in any case, nil if it is unknown.
func (sc *scripting) find(sha []byte) *cachedScript {
	if len(sha) != 40 {
		return nil
	}
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return sc.cache[strings.ToLower(string(sha))]
}

// add compiles a script, or finds it. The error is what the client is told.
func (sc *scripting) add(body []byte, pin bool) (*cachedScript, error) {
	sha := script.SHA1(body)
	sc.mu.Lock()
	s := sc.cache[sha]
	if s != nil && pin && !s.pinned {
		s.pinned = true
	}
	sc.mu.Unlock()
	if s != nil {
		return s, nil
	}
	compiled, err := script.Compile(string(body))
	if err != nil {
		return nil, err
	}
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if s := sc.cache[sha]; s != nil {
		return s, nil
	}
	s = &cachedScript{Script: compiled, pinned: pin}
	sc.cache[sha] = s
	sc.bytes += len(body)
	if !pin {
		sc.evictable = append(sc.evictable, sha)
		sc.evict()
	}
	return s, nil
}

// evict drops the oldest scripts that came by EVAL. REQUIRES: mu is held.
func (sc *scripting) evict() {
	for len(sc.evictable) > maxEvalScripts {
		sha := sc.evictable[0]
		sc.evictable = sc.evictable[1:]
		if s := sc.cache[sha]; s != nil && !s.pinned {
			sc.bytes -= len(s.Body)
			delete(sc.cache, sha)
		}
	}
}

// flush forgets all scripts.
func (sc *scripting) flush() {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	clear(sc.cache)
	sc.bytes, sc.evictable = 0, nil
}

// scriptRun is a script or function that runs.
type scriptRun struct {
	name    string // digest or name of the function
	command []string
	start   time.Time
	isFunc  bool
	wrote   bool // under scripting.mu
	cancel  context.CancelCauseFunc
}

// begin notes a run; end takes it back.
func (sc *scripting) begin(r *scriptRun) {
	sc.mu.Lock()
	sc.running[r] = struct{}{}
	sc.ending.strike(r)
	sc.mu.Unlock()
}

func (sc *scripting) end(r *scriptRun) {
	sc.mu.Lock()
	delete(sc.running, r)
	sc.mu.Unlock()
}

// wrote notes that a run has changed data and cannot be killed any more.
func (sc *scripting) wrote(r *scriptRun) {
	sc.mu.Lock()
	r.wrote = true
	sc.mu.Unlock()
}

// hold notes who holds all shards, nil for no script.
func (sc *scripting) hold(r *scriptRun) {
	for i := range sc.holders {
		sc.holders[i].Store(r)
	}
}

var (
	errScriptKilled   = errors.New("script killed by user with SCRIPT KILL")
	errFunctionKilled = errors.New("script killed by user with FUNCTION KILL")
)

const (
	errNotBusy    = "NOTBUSY No scripts in execution right now."
	errUnkillable = "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
)

// kill ends all runs of the kind that have not written. It returns what the
// client is told if there is none, "" otherwise. Scripts may run side by side
// here, so there can be more than one.
func (sc *scripting) kill(functions bool) string {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	killed, seen := 0, 0
	for r := range sc.running {
		if r.isFunc != functions {
			continue
		}
		seen++
		if r.wrote {
			continue
		}
		killed++
		if functions {
			r.cancel(errFunctionKilled)
		} else {
			r.cancel(errScriptKilled)
		}
	}
	switch {
	case seen == 0:
		return errNotBusy
	case killed == 0:
		return errUnkillable
	}
	return ""
}

// scriptFigures are what INFO tells of scripts and functions.
type scriptFigures struct {
	cached, bytes             int64 // scripts, and the length of their bodies
	libs, functions, libBytes int64
}

func (sc *scripting) figures() scriptFigures {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	f := scriptFigures{cached: int64(len(sc.cache)), bytes: int64(sc.bytes), libs: int64(len(sc.libs)), functions: int64(len(sc.functions))}
	for _, lib := range sc.libs {
		f.libBytes += int64(len(lib.Code))
	}
	return f
}
