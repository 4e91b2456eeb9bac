package command

import (
	"slices"

	"larder/protocol/resp"
)

// Replies whose number of elements is known only behind the last of them. To
// put it in front moves all of the reply, which for one of some megabytes takes
// milliseconds that nothing can interrupt. So a worker, whose replies may be so
// large, leaves room for the head, and cuts off what of that is not needed.

// headRoom is what a head takes at most, in bytes: that of SCAN.
const headRoom = 64

// beginUncounted begins such a reply. What it returns is for endUncounted.
func (c *Ctx) beginUncounted() (mark int) {
	mark = len(c.Out.Buf)
	if mark > 0 || !c.OnWorker {
		return mark
	}
	c.Out.Buf = append(c.Out.Buf, make([]byte, headRoom)...)
	return -1
}

// endUncounted puts the head, of at most headRoom bytes, before what was written
// since the reply was begun.
func (c *Ctx) endUncounted(mark int, head func(w *resp.Writer)) {
	var room [headRoom]byte
	w := resp.Writer{Buf: room[:0], Proto: c.Out.Proto}
	head(&w)
	if mark >= 0 {
		c.Out.Buf = slices.Insert(c.Out.Buf, mark, w.Buf...)
		return
	}
	first := c.Out.First()
	from := headRoom - len(w.Buf)
	copy((*first)[from:], w.Buf)
	*first = (*first)[from:]
}

// rest lets others run during a command without keys.
func (c *Ctx) rest() {
	if c.Rest != nil {
		c.Rest()
	}
}
