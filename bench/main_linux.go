// Command bench runs larder and the servers that it is compared with side by
// side and prints what each of them needs: CPU time per operation, memory per
// key, latency at the same offered load, and hit ratio on recorded requests.
//
//	go run ./bench -server bin/larder          everything, less than ten minutes
//	go run ./bench -server bin/larder -quick   all tables in short, one minute
//	go run ./bench -only memcached             one table
//
// docs/benchmarking.md explains the method and how to read the tables.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"larder/bench/host"
	"larder/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the command line.
type options struct {
	larder, redis, memcached host.Spec
	traces, out              string
	only                     *regexp.Regexp
	quick                    bool
	rounds                   int
	policies                 []string
	command                  string // as it was typed
}

const (
	larderArgs = `--port {port} --memcached-port {mcport} --bind 127.0.0.1 --dir {dir} --save "" --appendonly no ` +
		`--maxmemory {maxmemory} --maxmemory-policy {policy} --io-threads {threads}`
	redisArgs     = `--port {port} --bind 127.0.0.1 --dir {dir} --save "" --appendonly no --maxmemory {maxmemory} --maxmemory-policy {policy}`
	memcachedArgs = `-l 127.0.0.1 -p {mcport} -U 0 -t {threads} -m 8192 -c 20000 -u root`
)

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	o.larder.Name, o.redis.Name, o.memcached.Name = "larder", "redis", "memcached"
	f.StringVar(&o.larder.Path, "server", "bin/larder", "the server to measure")
	f.StringVar(&o.larder.Args, "server-args", larderArgs, "its arguments; {port} {mcport} {dir} {maxmemory} {policy} {threads} are filled in")
	f.StringVar(&o.redis.Path, "redis", "redis-server", "the Redis server to compare with")
	f.StringVar(&o.redis.Args, "redis-args", redisArgs, "its arguments, as for -server-args")
	f.StringVar(&o.memcached.Path, "memcached", "memcached", "the memcached server to compare with")
	f.StringVar(&o.memcached.Args, "memcached-args", memcachedArgs, "its arguments, as for -server-args")
	f.StringVar(&o.traces, "traces", "../shared/traces", "folder of the traces NAME.txt.gz, one key a line")
	f.StringVar(&o.out, "out", "out/bench", "folder for bench.csv, bench.svg and bench.txt")
	only := f.String("only", "", "run only the rows whose table/row matches this regular expression")
	f.BoolVar(&o.quick, "quick", false, "short runs and fewer keys: about one minute, wide spread")
	f.IntVar(&o.rounds, "rounds", 0, "turns that each contender gets (default 3, with -quick 2)")
	policies := f.String("policies", "allkeys-adaptive,allkeys-lru", "eviction policies of the server whose hit ratio is measured; the first one has to reach the targets")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q (options start with a dash)", f.Arg(0))
	}
	var err error
	if o.only, err = regexp.Compile("(?i)" + *only); err != nil {
		return o, fmt.Errorf("-only: %w", err)
	}
	if o.rounds < 0 {
		return o, fmt.Errorf("-rounds %d: at least one turn is needed", o.rounds)
	}
	o.policies = strings.Split(*policies, ",")
	o.command = "go run ./bench " + strings.Join(args, " ")
	return o, nil
}

// run is main without the process: it returns the exit status, 0 when all
// tables could be measured, whether or not they reach their targets.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	begin := time.Now()
	head := fmt.Sprintf("%s\n%s\n%s\n", begin.Format("2006-01-02 15:04 MST"), host.Describe(), o.command)
	fmt.Fprintln(stdout, head)
	l, err := newLab(ctx, o, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	defer l.stopAll()
	text := &strings.Builder{}
	tables, failures := l.runAll(io.MultiWriter(stdout, text))
	n := report.Tally(tables)
	closing := fmt.Sprintf("%d rows reach their target, %d miss it, %d could not be measured; %v\n",
		n[report.OK], n[report.Miss], n[report.NotAvailable], time.Since(begin).Round(time.Second))
	fmt.Fprint(stdout, closing)
	for _, f := range failures {
		fmt.Fprintln(stderr, "bench:", f)
	}
	if ctx.Err() != nil {
		return 130
	}
	if err := writeFiles(o.out, head, text.String()+closing, tables); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	fmt.Fprintf(stdout, "written to %s: bench.txt, bench.csv, bench.svg\n", o.out)
	if len(failures) > 0 {
		return 1
	}
	return 0
}

// writeFiles leaves the results in a folder.
func writeFiles(dir, head, text string, tables []report.Table) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var csv, svg strings.Builder
	if err := report.WriteCSV(&csv, tables); err != nil {
		return err
	}
	caption := strings.ReplaceAll(strings.TrimSpace(head), "\n", " · ")
	if err := report.WriteSVG(&svg, "larder side by side", caption, tables); err != nil {
		return err
	}
	for name, content := range map[string]string{"bench.txt": head + "\n" + text, "bench.csv": csv.String(), "bench.svg": svg.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// One thread of Go code: the generator owns one core and must not compete
// with itself for it.
func init() { runtime.GOMAXPROCS(1) }
