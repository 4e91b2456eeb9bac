package clients

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// common are the sections that every client's program has.
var common = []string{
	"strings", "bitmaps", "keys", "dump", "pipelines",
	"hashes", "lists", "sort", "sets", "zsets", "streams", "geo", "hll",
	"transactions", "scripts", "functions", "pubsub", "blocking",
}

// modern are the sections for clients that speak RESP3 and cache on their side.
var modern = []string{"resp3", "caching"}

// newer are sections that redis-server 7.0 does not pass, because what they use
// came later: the time to live of hash fields (7.4).
var newer = []string{"fieldttl"}

// A program is one client's.
type program struct {
	name string
	// all lists its sections.
	all []string
	// prepare checks that the client is installed, compiles the program into path
	// where it needs that, and returns the command line that runs it.
	prepare func(t *testing.T, path string) []string
}

// sections are what the program runs: all of them, of redis-server 7.0 those
// that it is not too old for.
func (p program) sections(oracle bool) []string {
	return slices.DeleteFunc(slices.Clone(p.all), func(s string) bool { return oracle && slices.Contains(newer, s) })
}

var programs = []program{
	{"go-redis", slices.Concat(common, modern, newer), goProgram("goredis")},
	{"rueidis", slices.Concat(common, modern, newer), goProgram("rueidis")},
	{"redigo", common, goProgram("redigo")},
	{"node-redis", slices.Concat(common, modern, newer), nodeProgram("node-redis")},
	{"ioredis", common, nodeProgram("ioredis")},
	{"redis-py", common, pythonProgram},
	{"hiredis", common, hiredisProgram},
	{"perl", common, perlProgram},
	{"php", common, phpProgram},
}

func goProgram(name string) func(*testing.T, string) []string {
	return func(t *testing.T, path string) []string {
		compile(t, path, "go", "go", "build", "-o", path, "./"+name)
		return []string{path}
	}
}

func nodeProgram(name string) func(*testing.T, string) []string {
	return func(t *testing.T, _ string) []string {
		require(t, "node")
		for _, name := range []string{"redis", "ioredis"} {
			if _, err := os.Stat(filepath.Join("node/node_modules", name)); err != nil {
				t.Fatalf("%v: `make clients` installs it", err)
			}
		}
		return []string{"node", filepath.Join("node", name+".mjs")}
	}
}

func pythonProgram(t *testing.T, _ string) []string {
	// The distribution's Python, not another one that comes first in PATH: its
	// packages are what .ci/clients installs.
	const python = "/usr/bin/python3"
	prints(t, "redis-py", python, "-c", "import redis")
	return []string{python, "python/redis-py.py"}
}

func hiredisProgram(t *testing.T, path string) []string {
	require(t, "cc")
	compile(t, path, "c", "cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-o", path, "hiredis.c", "-lhiredis")
	return []string{path}
}

func perlProgram(t *testing.T, _ string) []string {
	prints(t, "Perl's Redis", "perl", "-MRedis", "-e", "1")
	return []string{"perl", "perl/Redis.pl"}
}

func phpProgram(t *testing.T, _ string) []string {
	prints(t, "PHP's redis extension", "php", "-r", "exit(class_exists('Redis') ? 0 : 1);")
	return []string{"php", "php/phpredis.php"}
}
