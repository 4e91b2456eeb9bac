package command

import "larder/protocol/resp"

// commandInfoAll implements COMMAND without a subcommand.
func commandInfoAll(c *Ctx) {
	c.Out.Array(len(c.Table.Top))
	for _, cmd := range c.Table.Top {
		writeInfo(c.Out, cmd)
	}
}

func commandCount(c *Ctx) { c.Out.Int(int64(len(c.Table.Top))) }

// commandInfo implements COMMAND INFO [name …].
func commandInfo(c *Ctx) {
	if len(c.Args) == 2 {
		commandInfoAll(c)
		return
	}
	c.Out.Array(len(c.Args) - 2)
	for _, name := range c.Args[2:] {
		if cmd := c.Table.LookupFull(string(name)); cmd != nil {
			writeInfo(c.Out, cmd)
		} else {
			c.Out.Null()
		}
	}
}

// writeInfo writes one command's row of COMMAND INFO.
func writeInfo(w *resp.Writer, c *Command) {
	w.Array(10)
	w.BulkString(c.FullName())
	w.Int(int64(c.Arity))
	writeStatuses(w, c.Words())
	first, last, step := c.legacyRange()
	w.Int(int64(first))
	w.Int(int64(last))
	w.Int(int64(step))
	categories := c.Categories()
	for i, name := range categories {
		categories[i] = "@" + name
	}
	writeStatuses(w, categories)
	tips := c.Tips()
	w.Set(len(tips))
	for _, tip := range tips {
		w.BulkString(tip)
	}
	w.Set(len(c.Specs))
	for i := range c.Specs {
		writeSpec(w, &c.Specs[i])
	}
	w.Set(len(c.Sub))
	for _, sub := range c.Sub {
		writeInfo(w, sub)
	}
}

// Words returns the words of the command's flags.
func (c *Command) Words() []string {
	var words []string
	for _, fw := range flagWords {
		if fw.word != "" && c.Is&fw.flag != 0 {
			words = append(words, fw.word)
		}
	}
	return words
}

// writeStatuses writes a set of simple strings.
func writeStatuses(w *resp.Writer, words []string) {
	w.Set(len(words))
	for _, word := range words {
		w.Simple(word)
	}
}

// legacyRange is where the keys stand for clients that know no key specs: the
// range that the specs with fixed places cover without a gap.
func (c *Command) legacyRange() (first, last, step int) {
	if len(c.Specs) == 1 && c.Specs[0].fixed() {
		k := &c.Specs[0]
		return k.First, k.Last, k.Step
	}
	for i := range c.Specs {
		k := &c.Specs[i]
		if !k.fixed() {
			continue
		}
		if k.Step != 1 || first != 0 && last != k.First-1 {
			break
		}
		if first == 0 {
			first, step = k.First, 1
		}
		last = k.Last
	}
	return first, last, step
}

// fixed tells whether the keys' places do not depend on the arguments.
func (k *KeySpec) fixed() bool { return k.NumAt == 0 && k.Word == "" && !k.Unknown }

// writeSpec writes a key specification in Redis's nested form: where to start
// and how to find the keys from there.
func writeSpec(w *resp.Writer, k *KeySpec) {
	w.Map(3)
	w.BulkString("flags")
	writeStatuses(w, k.Flags)
	w.BulkString("begin_search")
	w.Map(2)
	w.BulkString("type")
	switch {
	case k.Unknown:
		writeUnknown(w)
	case k.Word != "":
		w.BulkString("keyword")
		w.BulkString("spec")
		w.Map(2)
		w.BulkString("keyword")
		w.BulkString(k.Word)
		w.BulkString("startfrom")
		w.Int(int64(k.From))
	case k.NumAt > 0:
		writeStart(w, k.NumAt)
	default:
		writeStart(w, k.First)
	}
	w.BulkString("find_keys")
	w.Map(2)
	w.BulkString("type")
	if k.Unknown {
		writeUnknown(w)
		return
	}
	if k.NumAt > 0 {
		w.BulkString("keynum")
		w.BulkString("spec")
		writeNumbers(w, "keynumidx", 0, "firstkey", k.First, "keystep", k.Step)
		return
	}
	last := k.Last
	if last >= 0 && k.Word == "" {
		last -= k.First
	}
	w.BulkString("range")
	w.BulkString("spec")
	writeNumbers(w, "lastkey", last, "keystep", k.Step, "limit", k.Limit)
}

func writeUnknown(w *resp.Writer) {
	w.BulkString("unknown")
	w.BulkString("spec")
	w.Map(0)
}

func writeStart(w *resp.Writer, at int) {
	w.BulkString("index")
	w.BulkString("spec")
	w.Map(1)
	w.BulkString("index")
	w.Int(int64(at))
}

// writeNumbers writes a map of three names to numbers.
func writeNumbers(w *resp.Writer, a string, x int, b string, y int, c string, z int) {
	w.Map(3)
	w.BulkString(a)
	w.Int(int64(x))
	w.BulkString(b)
	w.Int(int64(y))
	w.BulkString(c)
	w.Int(int64(z))
}
