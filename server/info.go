package server

import (
	"slices"
	"strconv"
	"strings"
)

// infoSection is a section of INFO.
type infoSection struct {
	name  string // in lower case
	title string
	// onDemand sections are not part of INFO without arguments.
	onDemand bool
	write    func(srv *Server, b *infoText)
}

// infoSections are the sections in the order in which INFO shows them.
var infoSections = []infoSection{
	{"server", "Server", false, infoServer},
	{"clients", "Clients", false, infoClients},
	{"memory", "Memory", false, infoMemory},
	{"persistence", "Persistence", false, infoPersistence},
	{"stats", "Stats", false, infoStats},
	{"replication", "Replication", false, infoReplication},
	{"cpu", "CPU", false, infoCPU},
	{"modules", "Modules", false, func(*Server, *infoText) {}},
	{"commandstats", "Commandstats", true, infoCommandStats},
	{"errorstats", "Errorstats", false, infoErrorStats},
	{"latencystats", "Latencystats", true, infoLatencyStats},
	{"cluster", "Cluster", false, func(_ *Server, b *infoText) { b.int("cluster_enabled", 0) }},
	{"keyspace", "Keyspace", false, infoKeyspace},
}

// info implements INFO [section …]. Sections that do not exist are left out.
func info(q *call) {
	var names []string
	for _, a := range q.args[1:] {
		names = append(names, string(toLower(a)))
	}
	if len(names) == 0 {
		names = []string{"default"}
	}
	all := slices.Contains(names, "all") || slices.Contains(names, "everything")
	usual := slices.Contains(names, "default")
	b := &infoText{}
	for i := range infoSections {
		s := &infoSections[i]
		switch {
		case slices.Contains(names, s.name):
		case all, usual && !s.onDemand:
		default:
			continue
		}
		b.section(s.title)
		s.write(q.srv, b)
	}
	q.out.Verbatim("txt", b.String())
}

// infoText is the text of INFO: lines of name:value below titles.
type infoText struct{ strings.Builder }

func (b *infoText) section(title string) {
	if b.Len() > 0 {
		b.WriteString("\r\n")
	}
	b.WriteString("# " + title + "\r\n")
}

func (b *infoText) text(name, value string) { b.WriteString(name + ":" + value + "\r\n") }

func (b *infoText) int(name string, n int64) { b.text(name, strconv.FormatInt(n, 10)) }

func (b *infoText) uint(name string, n uint64) { b.text(name, strconv.FormatUint(n, 10)) }

func (b *infoText) fixed(name string, f float64, digits int) {
	b.text(name, strconv.FormatFloat(f, 'f', digits, 64))
}

// zeros writes fields about what this version does not do, and so has never
// done; tools read them.
func (b *infoText) zeros(names ...string) {
	for _, name := range names {
		b.int(name, 0)
	}
}

// bytes writes a number of bytes, and again in a form for people.
func (b *infoText) bytes(name string, n uint64) {
	b.uint(name, n)
	b.text(name+"_human", human(n))
}

// human writes a number of bytes as Redis does: 1.50M.
func human(n uint64) string {
	units := []string{"B", "K", "M", "G", "T", "P"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	if i == 0 {
		return strconv.FormatUint(n, 10) + "B"
	}
	return strconv.FormatFloat(f, 'f', 2, 64) + units[i]
}

// quotient is a/b, and 0 for nothing of nothing.
func quotient(a, b uint64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func percent(a, b uint64) float64 { return quotient(a, b) * 100 }
