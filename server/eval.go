package server

import (
	"context"
	"sync/atomic"
	"time"

	"larder/engine"
	"larder/protocol/resp"
	"larder/server/command"
	"larder/server/script"
)

// EVAL, EVALSHA, FCALL and their read-only forms.

// habits is what the runs of a script have shown.
type habits struct {
	// reaches tells that it uses keys that it does not declare: its runs lock
	// every shard from the start.
	reaches atomic.Bool
}

// scriptTask is a script or function that is to run, with its arguments.
type scriptTask struct {
	name  string // digest or name
	flags script.Flags
	known *habits
	read  bool // called by a read-only command
	lib   *script.Library
	body  *script.Script
}

func evalCommand(q *call) { evalBody(q, false) }
func evalRO(q *call)      { evalBody(q, true) }
func evalSHA(q *call)     { evalDigest(q, false) }
func evalSHARO(q *call)   { evalDigest(q, true) }
func fcall(q *call)       { callFunction(q, false) }
func fcallRO(q *call)     { callFunction(q, true) }

func evalBody(q *call, read bool) {
	r, ok := q.scriptRequest(command.ErrNotInt)
	if !ok {
		return
	}
	s, err := q.srv.scripting.add(q.args[1], false)
	if err != nil {
		q.out.Error(err.Error())
		return
	}
	q.runScript(&scriptTask{name: s.SHA, flags: s.Flags, known: &s.known, read: read, body: s.Script}, r)
}

func evalDigest(q *call, read bool) {
	r, ok := q.scriptRequest(command.ErrNotInt)
	if !ok {
		return
	}
	s := q.srv.scripting.find(q.args[1])
	if s == nil {
		q.out.Error("NOSCRIPT No matching script. Please use EVAL.")
		return
	}
	q.runScript(&scriptTask{name: s.SHA, flags: s.Flags, known: &s.known, read: read, body: s.Script}, r)
}

func callFunction(q *call, read bool) {
	f, ok := q.srv.scripting.function(q.args[1])
	if !ok {
		q.out.Error("ERR Function not found")
		return
	}
	if r, ok := q.scriptRequest("ERR Bad number of keys provided"); ok {
		q.runScript(&scriptTask{name: f.Name, flags: f.Flags | script.Declared, known: f.known, read: read, lib: f.lib}, r)
	}
}

const (
	errScriptReadOnly = "ERR Can not execute a script with write flag using *_ro command."
	errScriptOOM      = "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
	// maxScriptRuns bounds how often a script begins again: once for the keys
	// that it has not declared.
	maxScriptRuns = 2
)

// scriptRequest is what a request for a script brings.
type scriptRequest struct {
	keys  []engine.Key // that it declares
	names [][]byte     // of them
	args  [][]byte
}

// scriptRequest finds the keys that the request declares: their number is the
// second argument. On failure it has replied, with notInt if that is no number.
func (q *call) scriptRequest(notInt string) (r scriptRequest, ok bool) {
	n, ok := resp.ParseInt(q.args[2])
	switch {
	case !ok:
		q.out.Error(notInt)
	case n > int64(len(q.args)-3):
		q.out.Error("ERR Number of keys can't be greater than number of args")
	case n < 0:
		q.out.Error("ERR Number of keys can't be negative")
	default:
		r.names, r.args = q.args[3:3+n], q.args[3+n:]
		for _, name := range r.names {
			r.keys = append(r.keys, q.srv.engine.Key(name))
		}
		return r, true
	}
	return r, false
}

// runScript runs a script with the arguments of the request and writes its
// reply.
func (q *call) runScript(t *scriptTask, r scriptRequest) {
	declared := t.flags&script.Declared != 0
	if t.read && declared && t.flags&script.NoWrites == 0 {
		q.out.Error(errScriptReadOnly)
		return
	}
	h := newScriptHost(q, r.keys, t.read || t.flags&script.NoWrites != 0)
	if !h.readOnly && !q.srv.memory.makeRoom() {
		if h.full = t.flags&script.AllowOOM == 0; h.full && declared {
			q.out.Error(errScriptOOM)
			return
		}
	}
	run := &script.Run{Host: h, Keys: r.names, Args: r.args, Proto: q.out.Proto, Seed: h.seed}
	vm := q.srv.scripting.pool.Get()
	defer q.srv.scripting.pool.Put(vm)
	mark := len(q.out.Buf)
	for range maxScriptRuns {
		q.out.Buf = q.out.Buf[:mark]
		h.begin(t.known.reaches.Load())
		h.execute(vm, t, run, q.out)
		h.release()
		if h.reaches {
			t.known.reaches.Store(true) // also if it has failed for it this time
		}
		if !h.again {
			return
		}
	}
}

// execute runs the script once.
func (h *scriptHost) execute(vm *script.VM, t *scriptTask, run *script.Run, out *resp.Writer) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	h.run = &scriptRun{name: t.name, start: time.Now(), isFunc: t.lib != nil, cancel: cancel}
	for _, a := range h.q.args[:min(len(h.q.args), maxStatsArgs)] {
		h.run.command = append(h.run.command, string(a))
	}
	h.srv.scripting.begin(h.run)
	defer h.srv.scripting.end(h.run)
	if h.q.within != nil { // its transaction has locked all shards
		h.srv.scripting.hold(h.run)
		defer h.srv.scripting.hold(nil)
	}
	h.restedNs = monotonicNs()
	ctx = newRestingContext(ctx, h.rest)
	if t.lib != nil {
		vm.CallFunction(ctx, t.lib, t.name, run, out)
	} else {
		vm.Run(ctx, t.body, run, out)
	}
}

// maxStatsArgs bounds the arguments that FUNCTION STATS shows of what runs.
const maxStatsArgs = 32
