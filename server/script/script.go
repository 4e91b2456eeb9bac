// Package script runs Lua 5.1 for EVAL and FUNCTION: it compiles scripts, keeps
// a pool of interpreters, and shows each run a sandbox with the libraries that
// Redis's scripts have: redis, cjson, cmsgpack, struct and bit besides the base
// libraries that can do no harm.
//
// The interpreter is gopher-lua. The package knows neither locks nor keys: what
// a script asks of the server goes to a Host.
//
//	Compile ──► Script (prototype, shared) ──► Pool.Run ──► VM (one at a time)
//	                                                         │ redis.call
//	                                                         ▼
//	                                                        Host
//
// # Sandbox
//
// A script sees a table of globals of which every function and library is
// read-only, as are the metatables of strings: nothing that a script does
// changes what the next one in the same interpreter finds. Modules that reach
// files, processes or the clock are not there.
package script

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// Script is a compiled script. It may be run by many interpreters at once.
type Script struct {
	SHA   string // SHA-1 of the body, 40 hexadecimal digits
	Body  string
	Flags Flags
	proto *lua.FunctionProto
}

// Flags are what a script declares behind #! or a function when registered.
type Flags uint8

// The flags, in Redis's words.
const (
	NoWrites           Flags = 1 << iota // no-writes
	AllowOOM                             // allow-oom
	AllowStale                           // allow-stale
	NoCluster                            // no-cluster
	AllowCrossSlotKeys                   // allow-cross-slot-keys
	// Declared tells that the script says by #! which of the others it has; one
	// that doesn't may do everything.
	Declared
)

// FlagNames are the words for the flags, in Redis's order.
var FlagNames = []struct {
	Flag Flags
	Name string
}{{NoWrites, "no-writes"}, {AllowOOM, "allow-oom"}, {AllowStale, "allow-stale"}, {NoCluster, "no-cluster"}, {AllowCrossSlotKeys, "allow-cross-slot-keys"}}

// SHA1 is the name of a script: its digest in hexadecimal digits.
func SHA1(body []byte) string {
	sum := sha1.Sum(body)
	return hex.EncodeToString(sum[:])
}

// chunkName is what errors call a script.
const chunkName = "user_script"

// Compile compiles the body of an EVAL. The error is what the client is told.
func Compile(body string) (*Script, error) {
	s := &Script{SHA: SHA1([]byte(body)), Body: body}
	code := body
	if strings.HasPrefix(body, "#!") {
		line, _, _ := strings.Cut(body, "\n")
		var err error
		if s.Flags, err = shebangFlags(line); err != nil {
			return nil, err
		}
		code = strings.Replace(body, line, "", 1) // the line break stays: lines keep their numbers
	}
	proto, err := compile(code, chunkName)
	if err != nil {
		return nil, fmt.Errorf("ERR Error compiling script (new function): %w", err)
	}
	s.proto = proto
	return s, nil
}

// shebangFlags parses "#!lua flags=a,b".
func shebangFlags(line string) (Flags, error) {
	words := strings.Fields(line)
	if words[0] != "#!lua" {
		return 0, fmt.Errorf("ERR Unexpected engine in script shebang: %s", words[0])
	}
	flags := Declared
	for _, word := range words[1:] {
		list, ok := strings.CutPrefix(word, "flags=")
		if !ok {
			return 0, fmt.Errorf("ERR Unknown lua shebang option: %s", word)
		}
		for name := range strings.SplitSeq(list, ",") {
			if name == "" {
				continue
			}
			f, ok := ParseFlag(name)
			if !ok {
				return 0, fmt.Errorf("ERR Unexpected flag in script shebang: %s", name)
			}
			flags |= f
		}
	}
	return flags, nil
}

// ParseFlag finds a flag by its word.
func ParseFlag(name string) (Flags, bool) {
	for _, f := range FlagNames {
		if f.Name == name {
			return f.Flag, true
		}
	}
	return 0, false
}

// syntaxError matches what the parser says: "user_script line:1(column:8) near 'x':   syntax error".
var syntaxError = regexp.MustCompile(`^(\S+) line:(\d+)\(column:\d+\) near '(.*)':`)

// compile parses code, whose errors name it name.
func compile(code, name string) (*lua.FunctionProto, error) {
	if line := checkLevels(code); line > 0 {
		return nil, fmt.Errorf("%s:%d: %w", name, line, errTooDeep)
	}
	chunk, err := parse.Parse(strings.NewReader(code), name)
	if err != nil {
		text := strings.TrimSpace(err.Error())
		if strings.Contains(text, " at EOF:") {
			return nil, fmt.Errorf("%s:%d: unexpected symbol near '<eof>'", name, 1+strings.Count(code, "\n"))
		}
		if m := syntaxError.FindStringSubmatch(text); m != nil {
			return nil, fmt.Errorf("%s:%s: syntax error near '%s'", name, m[2], m[3])
		}
		return nil, fmt.Errorf("%s: %s", name, text)
	}
	if tooDeep(chunk) {
		return nil, fmt.Errorf("%s: %w", name, errTooDeep)
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return proto, nil
}
