package server

// monitorCommand implements MONITOR: from now on the session is shown what all
// others run.
func monitorCommand(q *call) {
	if !q.s.monitor {
		q.s.monitor = true
		q.srv.monitors.add(q.s)
	}
	q.out.OK()
}
