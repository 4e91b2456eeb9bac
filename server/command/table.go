package command

import "slices"

// rows is the command table, one row a command. The rows of a group stand in
// table_GROUP.go. The letters of Flags:
//
//	w  write      changes data            r  readonly   only reads
//	m  denyoom    refused out of memory   f  fast       O(1) or O(log n)
//	a  admin                              p  pubsub
//	s  noscript                           b  blocking
//	l  loading    allowed while loading   t  stale      allowed on a stale replica
//	k  skip_monitor                       x  skip_slowlog
//	o  no_auth    allowed before AUTH     y  allow_busy
//	u  no_multi                           g  asking
//	R  may_replicate                      K  movablekeys
//	N  no_async_loading                   n  no_mandatory_keys
//	A  larder's own: every shard is locked
//	L  larder's own, with A: none is, unless there are two keys
//	S  larder's own: runs on a worker while the session is parked
var rows = slices.Concat(
	stringRows,
	bitmapRows,
	hllRows,
	setRows,
	zsetRows,
	hashRows,
	geoRows,
	genericRows,
	listRows,
	sortRows,
	connectionRows,
	transactionRows,
	pubsubRows,
	serverRows,
	scriptingRows,
	streamRows,
)
