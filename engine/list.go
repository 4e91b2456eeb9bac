package engine

// Lists. A list is a sequence of strings that is mostly used at its ends, and
// at times in the middle.
//
// A small one is a packed run (packed.go) in its key's entry, up to the
// threshold list-max-listpack-size. A large one is a counted B+tree (tree.go)
// of leaves, each a packed run of at most 2 KiB or one long element alone; only
// the first and the last leaf are kept apart from the tree:
//
//	root   containerHeader   count = elements
//	       run bytes         what all elements take in runs
//	       first, last       mem.Ref of the leaf at each end, 0 = none
//	       tree              the leaves between the two
//	       version           another one after each change
//	leaf   room              4 bytes: as it was asked of the allocator
//	       used              4 bytes: of the run
//	       run
//
//	first ──┐   ┌───────── tree ─────────┐   ┌── last
//	   [a b c]   [d e f] [g h] [i j k l]      [m n]
//
// So pushing and popping touches the root and one leaf of 2 KiB, whose elements
// move by a few: the tree comes in once a leaf. An element in the middle is
// found by the counts of three nodes for a million elements, where a linked list
// of nodes would be walked; and 2 KiB are few enough to walk a run in, and many
// enough that the tree costs two percent.
//
// Runs of 2 KiB are not what the threshold says, which only decides between the
// two forms: that is what OBJECT ENCODING shows. Leaves that removals have made
// small are joined with their neighbour.
//
// INVARIANT: no list is empty: what removes the last element removes the key.
// INVARIANT: no leaf in the tree is empty; one at an end may be, to be filled
// again.
//
// The files: list.go reads, listwalk.go iterates, listwrite.go adds and
// replaces and listremove.go removes, both forms of a list; listmove.go moves
// from one list to another. listlarge.go and listleaf.go are the large form.

// ListEnd is an end of a list.
type ListEnd uint8

// The ends of a list.
const (
	Head ListEnd = iota
	Tail
)

func (e ListEnd) other() ListEnd { return 1 - e }

// List is a view of the list at a key. It is valid while the shard stays locked
// and the key is written only through it.
type List struct {
	it Item
}

// List returns the list that an item is.
// REQUIRES: it.Type() == TypeList.
func (it *Item) List() List { return List{*it} }

// Element is an element of a list: a view, valid until the list is written.
type Element struct {
	item packedItem
}

// Int returns the element if it is kept as an integer.
func (v Element) Int() (n int64, ok bool) { return v.item.n, v.item.isInt }

// Str returns the element if it is not kept as an integer.
func (v Element) Str() []byte { return v.item.str() }

// Bytes returns the element's string: a view, or for an integer digits written
// to scratch, which should have a capacity of 20.
func (v Element) Bytes(scratch []byte) []byte { return v.item.bytes(scratch) }

// Len is the length of the element in bytes.
func (v Element) Len() int { return v.item.len() }

// packedRun is the run of a small list.
func (l *List) packedRun() packed { return packed(l.it.Raw()) }

func (l *List) isLarge() bool { return isLarge(l.it.l.kind) }

// large is the large form. REQUIRES: isLarge.
func (l *List) large() largeList { return largeAt(l.it.shard, l.it.root()) }

// Len is the number of elements, at least 1.
func (l *List) Len() int {
	if l.isLarge() {
		g := l.large()
		return int(g.r.count)
	}
	return l.packedRun().count()
}

// Bytes is about the memory that the elements take, in bytes.
func (l *List) Bytes() int {
	if l.isLarge() {
		g := l.large()
		return int(g.r.runBytes)
	}
	return len(l.packedRun())
}

// Share is about the memory that n of the elements take.
func (l *List) Share(n int) int {
	return int(float64(l.Bytes()) * float64(n) / float64(l.Len()))
}

// At returns the element at an index. REQUIRES: 0 <= i < Len().
func (l *List) At(i int) Element {
	if !l.isLarge() {
		run := l.packedRun()
		return Element{run.item(run.seek(i))}
	}
	g := l.large()
	var p listPlace
	g.locate(&p, i)
	run := g.run(p.ref)
	return Element{run.item(run.seek(p.at))}
}

// End returns the element at an end.
func (l *List) End(end ListEnd) Element {
	run := packed(nil)
	if l.isLarge() {
		g := l.large()
		run = g.run(g.edge(end))
	} else {
		run = l.packedRun()
	}
	if end == Head {
		return Element{run.item(packedHeader)}
	}
	return Element{run.item(run.prev(len(run)))}
}

// listpackExtra is by how many bytes Redis's listpack of some elements is
// longer than a run: it has a header of 6 bytes and a terminator, a run has the
// count. Thresholds are about listpacks.
const listpackExtra = 7 - packedHeader

// listSafeBytes is the length in bytes that Redis allows a list which is limited
// by its number of elements.
const listSafeBytes = 8 << 10

// listRun is how long a small list may be: in bytes as a listpack, and in
// elements.
func (lim *Limits) listRun() (maxBytes, maxItems int) {
	if lim.ListSize >= 0 {
		return listSafeBytes, min(max(lim.ListSize, 1), maxPackedItems)
	}
	level := min(-int64(lim.ListSize)-1, 4)
	return 4 << 10 << level, maxPackedItems
}

// listGrows tells whether a list of so many bytes in a run and elements is too
// long for a small one.
func (lim *Limits) listGrows(runBytes, items int) bool {
	maxBytes, maxItems := lim.listRun()
	return runBytes+listpackExtra > maxBytes || items > maxItems
}

// listShrinks tells whether a large list of so many bytes in a run and elements
// becomes a small one: at half of the threshold, so that pushing and popping in
// turn does not convert it each time. Redis waits until all elements are in one
// of its nodes too, which depends on where they were pushed.
func (lim *Limits) listShrinks(runBytes, items int) bool {
	maxBytes, maxItems := lim.listRun()
	if lim.ListSize < 0 {
		maxBytes /= 2
	} else {
		maxItems /= 2
	}
	return runBytes+listpackExtra <= maxBytes && items <= maxItems
}
