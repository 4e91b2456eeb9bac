package memcache

// words is a line split for the commands whose fields stand at fixed places.
// More words than it can hold are counted and not kept: no command has as many.
type words struct {
	word [8][]byte
	n    int
}

func (w *words) split(args Tokens) {
	for {
		t, ok := args.Next()
		if !ok {
			return
		}
		if w.n < len(w.word) {
			w.word[w.n] = t
		}
		w.n++
	}
}

// noReply reports whether the last word is "noreply", whatever place it is in:
// memcached does not ask whether the words before it are complete.
func (w *words) noReply() bool {
	return w.n > 0 && w.n <= len(w.word) && string(w.word[w.n-1]) == "noreply"
}

// textGet reads the keys of get and gets, and of gat after its time.
func textGet(args Tokens, head int, r *Request) int {
	r.Args = args
	for {
		key, ok := args.Next()
		if !ok {
			break
		}
		if len(key) > MaxKeyBytes {
			r.fail(FaultFormat)
			return head
		}
		if r.Keys == 0 {
			r.Key = key
		}
		r.Keys++
	}
	if r.Keys == 0 && r.Op == OpGet {
		r.fail(FaultUnknown)
	}
	return head
}

func textGat(args Tokens, head int, r *Request) int {
	t, ok := args.Next()
	if !ok {
		r.fail(FaultUnknown)
		return head
	}
	if r.Exptime, ok = parseInt(t); !ok {
		r.fail(FaultExptime)
		return head
	}
	return textGet(args, head, r)
}

// textStore reads KEY FLAGS EXPTIME BYTES [CAS] [noreply] and the data block.
func (p *TextParser) textStore(args Tokens, buf []byte, head int, r *Request) int {
	var w words
	w.split(args)
	fields := 4
	if r.Op == OpCas {
		fields = 5
	}
	if w.n != fields && w.n != fields+1 {
		r.fail(FaultUnknown)
		return head
	}
	r.NoReply = w.noReply()
	flags, okFlags := parseUint(w.word[1])
	exptime, okExptime := parseInt(w.word[2])
	n, okBytes := parseBlockBytes(w.word[3])
	cas, okCAS := uint64(0), true
	if r.Op == OpCas {
		cas, okCAS = parseUint(w.word[4])
	}
	if len(w.word[0]) > MaxKeyBytes || !okFlags || !okExptime || !okBytes || !okCAS {
		r.fail(FaultFormat)
		return head
	}
	r.Key, r.Flags, r.Exptime, r.CAS = w.word[0], uint32(flags), exptime, cas
	return p.block(buf, head, n, r)
}

// otherCommand reads what is neither get nor set nor a meta command.
func (p *TextParser) otherCommand(cmd []byte, args Tokens, buf []byte, head int, r *Request) int {
	op, store := OpNone, false
	switch string(cmd) {
	case "add":
		op, store = OpAdd, true
	case "replace":
		op, store = OpReplace, true
	case "append":
		op, store = OpAppend, true
	case "prepend":
		op, store = OpPrepend, true
	case "cas":
		op, store = OpCas, true
	case "gat", "gats":
		r.reset(Text, OpGat)
		r.WithCAS = len(cmd) == len("gats")
		return textGat(args, head, r)
	}
	if store {
		r.reset(Text, op)
		return p.textStore(args, buf, head, r)
	}
	var w words
	w.split(args)
	r.reset(Text, OpNone)
	r.Args = args
	if !textKeyCommand(cmd, &w, r) && !textAdminCommand(cmd, &w, r) {
		r.fail(unknownCommand(cmd, args))
	}
	return head
}

// unknownCommand tells a browser from a mistake. memcached hangs up on a line
// that ends in HTTP/, lest a web page that makes a browser send requests here
// gets its body executed; but it looks only where it has no command of that
// first letter.
func unknownCommand(cmd []byte, args Tokens) Fault {
	switch cmd[0] {
	case 'g', 's', 'a', 'c', 'i', 'd', 't':
		return FaultUnknown
	}
	last := cmd
	for t, ok := args.Next(); ok; t, ok = args.Next() {
		last = t
	}
	if len(last) >= 5 && string(last[:5]) == "HTTP/" {
		return FaultHangUp
	}
	return FaultUnknown
}

// textKeyCommand reads the commands on one key without a data block. It returns
// false if cmd is none of them.
func textKeyCommand(cmd []byte, w *words, r *Request) bool {
	switch string(cmd) {
	case "incr":
		r.Op = OpIncr
	case "decr":
		r.Op = OpDecr
	case "touch":
		r.Op = OpTouch
	case "delete":
		r.Op = OpDelete
		textDelete(w, r)
		return true
	default:
		return false
	}
	if w.n != 2 && w.n != 3 {
		r.fail(FaultUnknown)
		return true
	}
	r.NoReply = w.noReply()
	r.Key = w.word[0]
	ok := false
	switch {
	case len(r.Key) > MaxKeyBytes:
		r.fail(FaultFormat)
	case r.Op == OpTouch:
		if r.Exptime, ok = parseInt(w.word[1]); !ok {
			r.fail(FaultExptime)
		}
	default:
		if r.Delta, ok = parseUint(w.word[1]); !ok {
			r.fail(FaultDelta)
		}
	}
	return true
}

// textDelete reads KEY [0] [noreply]: the 0 is a time that old clients send.
func textDelete(w *words, r *Request) {
	if w.n < 1 || w.n > 3 {
		r.fail(FaultUnknown)
		return
	}
	r.Key = w.word[0]
	if w.n > 1 {
		r.NoReply = w.noReply()
		zero := string(w.word[1]) == "0"
		if w.n == 2 && !zero && !r.NoReply || w.n == 3 && (!zero || !r.NoReply) {
			r.fail(FaultDeleteUsage)
			return
		}
	}
	if len(r.Key) > MaxKeyBytes {
		r.fail(FaultFormat)
	}
}

// textAdminCommand reads the commands without a key. Those with a number have
// it checked here; those with subcommands hand on their words in r.Args.
func textAdminCommand(cmd []byte, w *words, r *Request) bool {
	switch string(cmd) {
	case "version":
		r.Op = OpVersion
	case "quit":
		r.Op = OpQuit
	case "stats":
		r.Op = OpStats
	case "shutdown":
		r.Op = OpShutdown
	case "refresh_certs":
		r.Op = OpRefreshCerts
	case "slabs":
		r.Op = OpSlabs
		r.NoReply = w.noReply()
	case "lru":
		r.Op = OpLru
		r.NoReply = w.noReply()
	case "lru_crawler":
		r.Op = OpLruCrawler
		r.NoReply = w.noReply()
	case "watch":
		r.Op = OpWatch
		r.NoReply = w.noReply()
	case "flush_all":
		r.Op = OpFlushAll
		textFlushAll(w, r)
	case "verbosity":
		r.Op = OpVerbosity
		textNumber(w, FaultFormat, r)
	case "cache_memlimit":
		r.Op = OpCacheMemlimit
		textNumber(w, FaultUnknown, r)
	default:
		return false
	}
	return true
}

// textFlushAll reads [DELAY] [noreply].
func textFlushAll(w *words, r *Request) {
	if w.n > 2 {
		r.fail(FaultUnknown)
		return
	}
	r.NoReply = w.noReply()
	if w.n == 0 || w.n == 1 && r.NoReply {
		return
	}
	ok := false
	if r.Exptime, ok = parseInt(w.word[0]); !ok {
		r.fail(FaultExptime)
	}
}

// textNumber reads NUMBER [noreply]; bad is what a wrong number is answered with.
func textNumber(w *words, bad Fault, r *Request) {
	if w.n != 1 && w.n != 2 {
		r.fail(FaultUnknown)
		return
	}
	r.NoReply = w.noReply()
	v, ok := parseUint(w.word[0])
	if !ok {
		r.fail(bad)
	}
	r.Delta = uint64(uint32(v))
}
