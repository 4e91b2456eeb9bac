package server

import (
	"slices"
	"strings"

	"larder/protocol/resp"
	"larder/server/command"
)

// trackingOptions are the options of CLIENT TRACKING.
type trackingOptions struct {
	redirect                     uint64
	bcast, optIn, optOut, noLoop bool
	prefixes                     []string
}

// clientTracking implements CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix
// …] [BCAST] [OPTIN] [OPTOUT] [NOLOOP].
func clientTracking(q *call) {
	o, ok := q.trackingOptions()
	if !ok {
		return
	}
	on, ok := q.onOff(2)
	if !ok {
		return
	}
	if !on {
		q.srv.tracking.stop(q.s)
		q.out.OK()
		return
	}
	old := q.s.tracker.Load()
	if fault := o.conflict(old); fault != "" {
		q.out.Error(fault)
		return
	}
	next := &tracker{s: q.s, redirect: o.redirect, bcast: o.bcast, optIn: o.optIn, optOut: o.optOut, noLoop: o.noLoop}
	if o.bcast {
		if len(o.prefixes) == 0 {
			o.prefixes = []string{""}
		}
		if old != nil {
			o.prefixes = append(o.prefixes, old.prefixes...)
		}
		slices.Sort(o.prefixes)
		next.prefixes = slices.Compact(o.prefixes)
	}
	q.srv.tracking.change(q.s, next)
	q.out.OK()
}

// trackingOptions parses the options; on failure it has replied.
func (q *call) trackingOptions() (o trackingOptions, ok bool) {
	for i := 3; i < len(q.args); i++ {
		switch more := i+1 < len(q.args); {
		case q.is(i, "REDIRECT") && more:
			i++
			if o.redirect != 0 {
				q.out.Error("ERR A client can only redirect to a single other client")
				return o, false
			}
			id, isInt := q.int(i)
			if !isInt {
				return o, false
			}
			if q.srv.clients.get(uint64(id)) == nil {
				q.out.Error("ERR The client ID you want redirect to does not exist")
				return o, false
			}
			o.redirect = uint64(id)
		case q.is(i, "PREFIX") && more:
			i++
			o.prefixes = append(o.prefixes, string(q.args[i]))
		case q.is(i, "BCAST"):
			o.bcast = true
		case q.is(i, "OPTIN"):
			o.optIn = true
		case q.is(i, "OPTOUT"):
			o.optOut = true
		case q.is(i, "NOLOOP"):
			o.noLoop = true
		default:
			q.out.Error(command.ErrSyntax)
			return o, false
		}
	}
	return o, true
}

// conflict returns the error for options that do not go together, or not with
// how the session tracks already; "" if they do.
func (o *trackingOptions) conflict(old *tracker) string {
	switch {
	case !o.bcast && len(o.prefixes) > 0:
		return "ERR PREFIX option requires BCAST mode to be enabled"
	case old != nil && old.bcast != o.bcast:
		return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
	case o.bcast && (o.optIn || o.optOut):
		return "ERR OPTIN and OPTOUT are not compatible with BCAST"
	case o.optIn && o.optOut:
		return "ERR You can't specify both OPTIN mode and OPTOUT mode"
	case old != nil && (o.optIn && old.optOut || o.optOut && old.optIn):
		return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
	}
	return o.overlap(old)
}

// overlap returns the error for a prefix that starts with another one, of which
// a key would then be told twice; "" if there is none.
func (o *trackingOptions) overlap(old *tracker) string {
	for i, prefix := range o.prefixes {
		if old != nil {
			for _, other := range old.prefixes {
				if overlaps(prefix, other) {
					return "ERR Prefix '" + prefix + "' overlaps with an existing prefix '" + other +
						"'. Prefixes for a single client must not overlap."
				}
			}
		}
		for _, other := range o.prefixes[i+1:] {
			if overlaps(prefix, other) {
				return "ERR Prefix '" + prefix + "' overlaps with another provided prefix '" + other +
					"'. Prefixes for a single client must not overlap."
			}
		}
	}
	return ""
}

func overlaps(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

// clientCaching implements CLIENT CACHING YES|NO: whether the keys of the next
// command are remembered, or those of a whole transaction.
func clientCaching(q *call) {
	t := q.s.tracker.Load()
	switch {
	case t == nil:
		q.out.Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
	case q.is(2, "YES") && !t.optIn:
		q.out.Error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
	case q.is(2, "YES"):
		q.s.caching = cachingYes
		q.out.OK()
	case q.is(2, "NO") && !t.optOut:
		q.out.Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
	case q.is(2, "NO"):
		q.s.caching = cachingNo
		q.out.OK()
	default:
		q.out.Error(command.ErrSyntax)
	}
}

// clientGetRedir implements CLIENT GETREDIR.
func clientGetRedir(q *call) { q.out.Int(q.s.redirection()) }

// redirection is the id of the session that is told of changes in place of s: 0
// for s itself, -1 if it does not track.
func (s *session) redirection() int64 {
	if t := s.tracker.Load(); t != nil {
		return int64(t.redirect)
	}
	return -1
}

// clientTrackingInfo implements CLIENT TRACKINGINFO.
func clientTrackingInfo(q *call) {
	t := q.s.tracker.Load()
	flags := []string{"off"}
	var prefixes []string
	if t != nil {
		flags, prefixes = q.s.trackingFlags(t), t.prefixes
	}
	q.out.Map(3)
	q.out.BulkString("flags")
	q.out.Set(len(flags))
	writeStrings(q.out, flags)
	q.out.BulkString("redirect")
	q.out.Int(q.s.redirection())
	q.out.BulkString("prefixes")
	q.out.Array(len(prefixes))
	writeStrings(q.out, prefixes)
}

func writeStrings(w *resp.Writer, words []string) {
	for _, word := range words {
		w.BulkString(word)
	}
}

// trackingFlags are the words of CLIENT TRACKINGINFO. REQUIRES: s.mu is held.
func (s *session) trackingFlags(t *tracker) []string {
	flags := []string{"on"}
	for _, f := range []struct {
		is   bool
		word string
	}{
		{t.bcast, "bcast"},
		{t.optIn, "optin"}, {t.optIn && s.caching == cachingYes, "caching-yes"},
		{t.optOut, "optout"}, {t.optOut && s.caching == cachingNo, "caching-no"},
		{t.noLoop, "noloop"},
		{t.broken.Load(), "broken_redirect"},
	} {
		if f.is {
			flags = append(flags, f.word)
		}
	}
	return flags
}

// ageCaching forgets what CLIENT CACHING said when the command that it was said
// about has run: the next one that is no CLIENT command, or, when that is MULTI,
// the transaction. It is called before each command. REQUIRES: s.mu is held.
func (s *session) ageCaching(cmd *bound) {
	if s.cachingUsed && s.tx == nil {
		s.caching, s.cachingUsed = cachingUnsaid, false
	}
	if cmd == nil || cmd.Parent == nil || cmd.Parent.Name != "client" {
		s.cachingUsed = s.caching != cachingUnsaid
	}
}
