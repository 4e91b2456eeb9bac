package memcache

// Op says what a request wants. One Op may be spelled differently in the three
// protocols; meta commands have Ops of their own, as their flags change what
// they do.
type Op uint8

const (
	OpNone Op = iota

	OpGet // get, gets, bget; binary get, getk and their quiet forms
	OpGat // gat, gats; binary gat, gatk and their quiet forms
	OpSet
	OpAdd
	OpReplace
	OpAppend
	OpPrepend
	OpCas
	OpDelete
	OpIncr
	OpDecr
	OpTouch

	OpFlushAll
	OpVersion
	OpVerbosity
	OpStats
	OpQuit
	OpNoop // binary only
	OpCacheMemlimit
	OpShutdown
	OpSlabs
	OpLru
	OpLruCrawler
	OpWatch
	OpRefreshCerts

	OpSASLList
	OpSASLAuth
	OpSASLStep

	OpMetaGet
	OpMetaSet
	OpMetaDelete
	OpMetaArith
	OpMetaDebug
	OpMetaNoop

	opCount
)

var opNames = [opCount]string{
	OpNone: "none", OpGet: "get", OpGat: "gat", OpSet: "set", OpAdd: "add",
	OpReplace: "replace", OpAppend: "append", OpPrepend: "prepend", OpCas: "cas",
	OpDelete: "delete", OpIncr: "incr", OpDecr: "decr", OpTouch: "touch",
	OpFlushAll: "flush_all", OpVersion: "version", OpVerbosity: "verbosity",
	OpStats: "stats", OpQuit: "quit", OpNoop: "noop",
	OpCacheMemlimit: "cache_memlimit", OpShutdown: "shutdown", OpSlabs: "slabs",
	OpLru: "lru", OpLruCrawler: "lru_crawler", OpWatch: "watch",
	OpRefreshCerts: "refresh_certs",
	OpSASLList:     "sasl_list", OpSASLAuth: "sasl_auth", OpSASLStep: "sasl_step",
	OpMetaGet: "mg", OpMetaSet: "ms", OpMetaDelete: "md", OpMetaArith: "ma",
	OpMetaDebug: "me", OpMetaNoop: "mn",
}

// OpCount is the number of Ops, for tables that are indexed by them.
const OpCount = int(opCount)

// HasKey tells whether the command works on the item of a key.
func (o Op) HasKey() bool {
	return o >= OpGet && o <= OpTouch || o >= OpMetaGet && o <= OpMetaDebug
}

// String is the command's name in the text protocol, or in the binary protocol's
// description for what only that has.
func (o Op) String() string {
	if o < opCount {
		return opNames[o]
	}
	return "invalid"
}
