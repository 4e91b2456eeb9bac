package server

import (
	"strconv"
	"strings"

	"larder/protocol/memcache"
)

// maxCrawlerSleepMicros is the longest pause that lru_crawler sleep takes.
const maxCrawlerSleepMicros = 1_000_000

// memcacheCrawler is lru_crawler. Expired items are always reclaimed in the
// background, so that there is nothing to switch on or to start; the dumps are
// real.
func (ex *executor) memcacheCrawler(s *session, f *memcacheFront, r *memcache.Request) (done bool) {
	w := splitWords(r.Args)
	if len(w) >= 2 && (w[0] == "metadump" || w[0] == "mgdump") {
		switch {
		case ex.srv.cfg.Load().MemcachedDisableDumping:
			s.out.Buf = append(s.out.Buf, "ERROR metadump not allowed\r\n"...)
		case w[1] != "hash" && !slabClasses(w[1]):
			s.out.Buf = append(s.out.Buf, "BADCLASS invalid class id\r\n"...)
		default:
			return ex.memcacheDump(s, f, w[0] == "metadump")
		}
		return true
	}
	s.out.Buf = append(s.out.Buf, quietly(r, crawlerReply(w))...)
	return true
}

// slabClasses tells whether the word names classes to visit. All items count
// as one class, so that the numbers make no difference.
func slabClasses(word string) bool {
	if word == "all" {
		return true
	}
	for _, part := range strings.Split(word, ",") {
		if n, err := strconv.Atoi(part); err != nil || n < 1 || n > maxSlabClass {
			return false
		}
	}
	return true
}

// crawlerReply answers what is not a dump.
func crawlerReply(w []string) string {
	switch {
	case len(w) == 1 && (w[0] == "enable" || w[0] == "disable"):
		return string(memcache.LineOK)
	case len(w) >= 2 && w[0] == "crawl":
		if !slabClasses(w[1]) {
			return "BADCLASS invalid class id\r\n"
		}
		return string(memcache.LineOK)
	case len(w) >= 2 && (w[0] == "sleep" || w[0] == "tocrawl"):
		n, err := strconv.ParseUint(w[1], 10, 32)
		switch {
		case err != nil:
			return badFormat
		case w[0] == "sleep" && n > maxCrawlerSleepMicros:
			return "CLIENT_ERROR sleep must be one second or less\r\n"
		}
		return string(memcache.LineOK)
	}
	return string(memcache.LineError)
}
