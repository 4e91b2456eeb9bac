package server

func debugHelp(q *call) {
	q.help(
		"CHANGE-REPL-ID",
		"    Draw a new replication id.",
		"DIGEST",
		"    Return a digest of all data.",
		"DIGEST-VALUE <key> [<key> ...]",
		"    Return digests of the values of keys.",
		"ERROR <string>",
		"    Reply with an error of that text.",
		"HTSTATS <dbid>",
		"    Return figures about the index of a database.",
		"LOG <message>",
		"    Write a message to the server's log.",
		"OBJECT <key>",
		"    Describe how a key is stored.",
		"POPULATE <count> [<prefix>] [<size>]",
		"    Make keys named <prefix>:<number>; default prefix: key.",
		"PROTOCOL <type>",
		"    Reply with a sample of a type: string, integer, double, bignum, null,",
		"    array, set, map, attrib, push, verbatim, true or false.",
		"SDSLEN <key>",
		"    Return the lengths of a key and its string.",
		"SET-ACTIVE-EXPIRE <0|1>",
		"    Stop (0) or continue (1) to reclaim expired keys in the background.",
		"SLEEP <seconds>",
		"    Let no command touch data for that long; decimals are allowed.",
	)
}
