package command

import (
	"slices"
	"strings"
)

// Categories are the ACL categories, in the order in which Redis lists a
// command's.
var Categories = []string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo",
	"stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
}

// groupCategory names the category of a group where it is not the group's own
// name; "" is none.
var groupCategory = map[string]string{
	"generic": "keyspace", "sorted-set": "sortedset", "transactions": "transaction",
	"server": "", "cluster": "", "sentinel": "",
	"pubsub": "", // the flag tells
}

// Categories returns the ACL categories of a command: what follows from its
// flags and its group, and what Extra adds ("@dangerous") or takes away
// ("-@keyspace"). Containers are in no group's category: their subcommands are.
func (c *Command) Categories() []string {
	in := map[string]bool{
		"write":     c.Is&Write != 0,
		"read":      c.Is&ReadOnly != 0 && c.Group != "scripting",
		"admin":     c.Is&Admin != 0,
		"dangerous": c.Is&Admin != 0,
		"pubsub":    c.Is&PubSub != 0,
		"blocking":  c.Is&Blocking != 0,
		"fast":      c.Is&Fast != 0,
		"slow":      c.Is&Fast == 0,
	}
	if len(c.Sub) == 0 {
		category, special := groupCategory[c.Group]
		if !special {
			category = c.Group
		}
		in[category] = true
	}
	for _, word := range c.extras() {
		if name, less := strings.CutPrefix(word, "-"); less {
			in[strings.TrimPrefix(name, "@")] = false
		} else {
			in[strings.TrimPrefix(word, "@")] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(Categories), func(name string) bool { return !in[name] })
}

// extras are the words of Extra that are about categories.
func (c *Command) extras() []string {
	return slices.DeleteFunc(strings.Fields(c.Extra), func(w string) bool { return strings.HasPrefix(w, tipMark) })
}

// tipMark starts the words of Extra that are hints for proxies.
const tipMark = "tip:"

// Tips returns the command's hints for proxies, as in COMMAND INFO.
func (c *Command) Tips() []string {
	var tips []string
	for _, word := range strings.Fields(c.Extra) {
		if tip, is := strings.CutPrefix(word, tipMark); is {
			tips = append(tips, tip)
		}
	}
	return tips
}
