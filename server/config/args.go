package config

import (
	"fmt"
	"strings"
)

// A commandLine is [CONFIG-FILE] [-] [--directive value ...], taken apart.
type commandLine struct {
	file    string
	stdin   bool
	options [][]string // each a directive's name and values
	help    bool
	version bool
	faults  Faults
}

// splitArgs takes a command line apart as Redis does: the first argument is a
// file unless it starts with "-"; a lone "-" before the first directive or at the
// end reads standard input; "--name" starts a directive. The argument after a name is always a value, so
// that a value may start with "--"; later ones are values up to the next
// "--name". "--name value" may be one argument.
func splitArgs(args []string) commandLine {
	var line commandLine
	valueDue := false // the argument before was a bare name
	for i, arg := range args {
		switch {
		case i == 0 && arg != "" && arg[0] != '-':
			line.file = arg
		case !valueDue && (arg == "--help" || arg == "-h"):
			line.help = true
			return line
		case !valueDue && (arg == "--version" || arg == "-v"):
			line.version = true
			return line
		case arg == "-" && !valueDue && (len(line.options) == 0 || i == len(args)-1):
			line.stdin = true
		case strings.HasPrefix(arg, "--") && !valueDue:
			valueDue = line.startOption(arg, args[i+1:])
		case len(line.options) == 0:
			line.faults = append(line.faults, Fault{"command line",
				fmt.Sprintf("%q is not a directive: write --name value, for example --port 6379, after the configuration file", arg)})
		default:
			last := &line.options[len(line.options)-1]
			*last = append(*last, arg)
			valueDue = false
		}
	}
	return line
}

// startOption begins the directive that arg names and reports whether the next
// argument has to be its value.
func (line *commandLine) startOption(arg string, rest []string) (valueDue bool) {
	words, err := splitWords(arg[2:])
	if err != nil || len(words) == 0 {
		line.faults = append(line.faults, Fault{"command line", fmt.Sprintf("%q names no directive: write --name value, for example --port 6379", arg)})
		words = nil
	}
	if len(words) == 0 {
		return false
	}
	line.options = append(line.options, words)
	if len(words) > 1 {
		return false
	}
	// Scripts write --save followed by nothing, or by the next directive, when
	// their list of save points is empty.
	if strings.EqualFold(words[0], "save") && (len(rest) == 0 || strings.HasPrefix(rest[0], "--")) {
		line.options[len(line.options)-1] = append(words, "")
		return false
	}
	return true
}
