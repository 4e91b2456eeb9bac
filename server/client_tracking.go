package server

import "larder/server/command"

// Clients ask about the tracking of keys before they use it. This version has
// none: it says so to those who want to switch it on, and answers the others
// as Redis answers a connection without tracking.

const errNoTracking = "ERR CLIENT TRACKING is not available: this version of larder does not send invalidation messages"

// clientTracking implements CLIENT TRACKING: OFF succeeds, ON cannot.
func clientTracking(q *call) {
	for i := 3; i < len(q.args); i++ {
		switch more := i+1 < len(q.args); {
		case q.is(i, "REDIRECT") && more:
			i++
			id, ok := q.int(i)
			if !ok {
				return
			}
			if q.srv.clients.get(uint64(id)) == nil {
				q.out.Error("ERR The client ID you want redirect to does not exist")
				return
			}
		case q.is(i, "PREFIX") && more:
			i++
		case q.is(i, "BCAST"), q.is(i, "OPTIN"), q.is(i, "OPTOUT"), q.is(i, "NOLOOP"):
		default:
			q.out.Error(command.ErrSyntax)
			return
		}
	}
	on, ok := q.onOff(2)
	switch {
	case !ok:
	case on:
		q.out.Error(errNoTracking)
	default:
		q.out.OK()
	}
}

func clientCaching(q *call) {
	q.out.Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
}

func clientGetRedir(q *call) { q.out.Int(-1) }

func clientTrackingInfo(q *call) {
	q.out.Map(3)
	q.out.BulkString("flags")
	q.out.Set(1)
	q.out.BulkString("off")
	q.out.BulkString("redirect")
	q.out.Int(-1)
	q.out.BulkString("prefixes")
	q.out.Array(0)
}
