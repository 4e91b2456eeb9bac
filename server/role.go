package server

import "time"

// role implements ROLE: this version does not replicate.
func role(q *call) {
	q.out.Array(3)
	q.out.BulkString("master")
	q.out.Int(0)
	q.out.Array(0)
}

// timeCommand implements TIME: seconds and microseconds.
func timeCommand(q *call) {
	us := time.Now().UnixMicro()
	q.out.Array(2)
	q.out.BulkInt(us / 1e6)
	q.out.BulkInt(us % 1e6)
}
