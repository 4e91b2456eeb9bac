package memcache

import "encoding/base64"

// maxMetaWords is how many words a meta command may have, itself included.
const maxMetaWords = 19

// maxOpaqueBytes is the longest O flag, the letter included.
const maxOpaqueBytes = 32

// MetaFlags are the flags of a meta command. Numbers in tokens are kept in the
// Request too: F in Flags, T in Exptime, C in CAS, D in Delta, J in Initial.
// Every meta command accepts every known flag, as in memcached; what a flag
// means to which command is not decided here.
type MetaFlags struct {
	// Set has a bit for each letter sent, see Has.
	Set uint64
	// Mode is the letter of the M flag, or 0. For ms it is one of E A P R S or their
	// absence, for ma one of I + D -.
	Mode byte
	// Vivify is the N flag: create a missing item with this exptime, in seconds.
	Vivify int64
	// Recache is the R flag: whoever reads the item with less than this many
	// seconds to live is told to renew it.
	Recache int64
	// NewCAS is the E flag: the CAS value that the item gets.
	NewCAS uint64
	// SentKey is the key as sent: base64 if the b flag is set.
	SentKey []byte
	// Tokens are the flags in the order sent, which replies keep.
	Tokens Tokens
}

// flagBit gives letters of either case a bit of their own, other bytes none.
func flagBit(c byte) uint64 {
	if c|0x20 < 'a' || c|0x20 > 'z' {
		return 0
	}
	return 1 << (c - 'A')
}

// Has reports whether the flag of this letter was sent.
func (m *MetaFlags) Has(letter byte) bool { return m.Set&flagBit(letter) != 0 }

// knownFlags are the letters that any meta command of any version up to 1.6.45
// knows.
var knownFlags = letters("bcCfhklOqstuvENRTFIMJDxPL")

func letters(s string) (set uint64) {
	for i := range len(s) {
		set |= flagBit(s[i])
	}
	return set
}

// meta reads the meta command whose second letter is kind and returns how many
// bytes it takes, or 0 if its data block has not come yet.
func (p *TextParser) meta(kind byte, args Tokens, buf []byte, head int, r *Request) int {
	op := OpNone
	switch kind {
	case 'g':
		op = OpMetaGet
	case 's':
		op = OpMetaSet
	case 'd':
		op = OpMetaDelete
	case 'a':
		op = OpMetaArith
	case 'e':
		r.reset(Meta, OpMetaDebug)
		metaDebug(args, r)
		return head
	case 'n':
		r.reset(Meta, OpMetaNoop)
		return head
	default:
		r.reset(Text, OpNone)
		r.fail(FaultUnknown)
		return head
	}
	r.reset(Meta, op)
	key, ok := args.Next()
	if !ok {
		r.fail(FaultUnknown)
		return head
	}
	if len(key) > MaxKeyBytes {
		r.fail(FaultFormat)
		return head
	}
	r.Key, r.Meta.SentKey = key, key
	if op == OpMetaSet {
		return p.metaSet(args, buf, head, r)
	}
	metaFlags(args, 2, r)
	return head
}

// metaSet reads BYTES FLAG... and the data block after the key. Once the length
// is known a bad flag costs no more than this request: the block is swallowed.
func (p *TextParser) metaSet(args Tokens, buf []byte, head int, r *Request) int {
	size, _ := args.Next()
	n, ok := parseBlockBytes(size)
	if flagsOverflow(args, 3) {
		r.fail(FaultFlagCount)
		return head
	}
	if !ok {
		r.fail(FaultFormat)
		return head
	}
	metaFlags(args, 3, r)
	if r.Fault != FaultNone {
		return p.swallow(head, n)
	}
	used := p.block(buf, head, n, r)
	if r.Fault != FaultNone {
		r.NoReply = false
	}
	return used
}

func flagsOverflow(args Tokens, before int) bool {
	for n := before; n <= maxMetaWords; n++ {
		if _, ok := args.Next(); !ok {
			return false
		}
	}
	return true
}

// metaDebug reads KEY [b].
func metaDebug(args Tokens, r *Request) {
	key, ok := args.Next()
	if !ok || len(key) > MaxKeyBytes {
		r.fail(FaultFormat)
		return
	}
	r.Key, r.Meta.SentKey, r.Meta.Tokens = key, key, args
	if flag, ok := args.Next(); ok && flag[0] == 'b' {
		r.Meta.Set = flagBit('b')
		if !r.decodeKey() {
			r.fail(FaultFormat)
		}
	}
}

// metaFlags reads the flags after the first before words.
func metaFlags(args Tokens, before int, r *Request) {
	r.Meta.Tokens = args
	r.Delta = 1
	f := readFlags(args, before, r)
	switch {
	case f == FaultNone:
		f = checkMode(r)
	case f == FaultFlagCount || f == FaultOpaque:
	case r.Op == OpMetaDelete || r.Op == OpMetaArith:
		f = FaultFlagEither
	}
	if f != FaultNone {
		if f == FaultFlagCount && r.Op == OpMetaGet {
			f = FaultFlagCountGet
		}
		r.fail(f)
		return
	}
	r.NoReply = r.Meta.Has('q')
}

// readFlags goes through all flags even after a bad token, and reports the last
// one, because memcached does; an unknown or repeated flag ends it at once. The
// opaque is looked at last: memcached does so when it writes the reply.
func readFlags(args Tokens, before int, r *Request) Fault {
	fault, opaque := FaultNone, FaultNone
	for n := before; ; n++ {
		t, ok := args.Next()
		if !ok {
			break
		}
		if n >= maxMetaWords {
			return FaultFlagCount
		}
		bit := flagBit(t[0])
		if bad := refuseFlag(t[0], bit, r); bad != FaultNone {
			if flagsOverflow(args, n+1) {
				bad = FaultFlagCount
			}
			return bad
		}
		r.Meta.Set |= bit
		if t[0] == 'O' && len(t) > maxOpaqueBytes {
			opaque = FaultOpaque
		}
		switch f := readToken(t, r); {
		case f == FaultNone:
		case f == FaultFormat && fault != FaultNone: // a bad F keeps the earlier message
		default:
			fault = f
		}
	}
	if fault == FaultNone {
		fault = opaque
	}
	return fault
}

// refuseFlag reports what is wrong with a flag's letter. A byte above ASCII
// counts as repeated: memcached has no place to note that it was seen.
func refuseFlag(letter byte, bit uint64, r *Request) Fault {
	switch {
	case r.Meta.Set&bit != 0 || letter >= 127:
		return FaultFlagDuplicate
	case bit&knownFlags == 0:
		return FaultFlagInvalid
	}
	return FaultNone
}

// readToken takes what stands behind the letter of a known flag.
func readToken(t []byte, r *Request) Fault {
	m := &r.Meta
	ok, bad := true, FaultFlagNumber
	switch t[0] {
	case 'b':
		ok, bad = r.decodeKey(), FaultKeyBase64
	case 'T':
		r.Exptime, ok = parseInt(t[1:])
	case 'N':
		m.Vivify, ok = parseInt(t[1:])
	case 'R':
		m.Recache, ok = parseInt(t[1:])
	case 'C':
		r.CAS, ok = parseUint(t[1:])
	case 'E':
		m.NewCAS, ok = parseUint(t[1:])
	case 'F':
		flags := uint64(0)
		flags, ok = parseUint(t[1:])
		r.Flags, bad = uint32(flags), FaultFormat
	case 'J':
		r.Initial, ok = parseUint(t[1:])
		bad = FaultInitial
	case 'D':
		r.Delta, ok = parseUint(t[1:])
		bad = FaultFlagDelta
	case 'M':
		if ok, bad = len(t) == 2, FaultFlagMode; ok {
			m.Mode = t[1]
		}
	}
	if ok {
		return FaultNone
	}
	return bad
}

// checkMode refuses modes that ms and ma do not have. Others ignore M.
func checkMode(r *Request) Fault {
	switch r.Op {
	case OpMetaSet:
		switch r.Meta.Mode {
		case 0, 'E', 'A', 'P', 'R', 'S':
		default:
			return FaultModeSet
		}
	case OpMetaArith:
		switch r.Meta.Mode {
		case 0, 'I', '+', 'D', '-':
		default:
			return FaultModeArith
		}
	}
	return FaultNone
}

// decodeKey replaces the key by what it is the base64 of. Padding is required
// and must be where it belongs; memcached's decoder is laxer about the latter.
func (r *Request) decodeKey() bool {
	n, err := base64.StdEncoding.Decode(r.keyScratch[:], r.Meta.SentKey)
	r.Key = r.keyScratch[:n:n]
	return err == nil && n > 0
}
