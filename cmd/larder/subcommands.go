package main

import (
	"context"
	"flag"
	"io"
	"os"
	"os/signal"
)

// subcommand is what larder does instead of serving: larder NAME ARGUMENT ...
type subcommand struct {
	name    string
	summary string
	run     func(ctx context.Context, args []string, out io.Writer) error
}

// subcommands are all there are. A configuration file of such a name is given
// as ./NAME.
var subcommands = []subcommand{
	{"check", "read a snapshot or a log, and repair a damaged log", checkCommand},
	{"backup", "make backups, list, verify, restore and remove them", runBackup},
	{"import", "take over the data of Redis or memcached", importCommand},
}

// findSubcommand finds the subcommand that a command line begins with.
func findSubcommand(args []string) (*subcommand, bool) {
	for i := range subcommands {
		if len(args) > 0 && args[0] == subcommands[i].name {
			return &subcommands[i], true
		}
	}
	return nil, false
}

// do runs the subcommand until it has ended, or a signal ends it in order.
func (s *subcommand) do(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	return s.run(ctx, args, os.Stdout)
}

// parseArgs reads options before and behind other arguments, which it returns.
func parseArgs(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}
