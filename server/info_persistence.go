package server

import (
	"time"
)

// infoPersistence is the section about what is kept on disk. Fields whose names
// begin with snapshot_ are larder's own.
func infoPersistence(srv *Server, b *infoText) {
	sv := &srv.saver
	changes := sv.changes()
	sv.mu.Lock()
	defer sv.mu.Unlock()
	now := time.Now()
	b.int("loading", oneIf(srv.loading.Load()))
	b.zeros("async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age")
	b.fixed("current_fork_perc", 0, 2)
	var none SnapshotProgress
	p, took, background := &none, time.Duration(0), false
	if sv.job != nil {
		p, took, background = &sv.job.progress, now.Sub(sv.job.started), sv.job.background
	}
	b.int("current_save_keys_processed", p.Keys.Load())
	b.int("current_save_keys_total", p.KeysTotal.Load())
	b.uint("rdb_changes_since_last_save", changes)
	b.int("rdb_bgsave_in_progress", oneIf(background))
	b.int("rdb_last_save_time", sv.lastSave.Unix())
	b.text("rdb_last_bgsave_status", okIf(!sv.failing.Load()))
	b.int("rdb_last_bgsave_time_sec", wholeSeconds(sv.lastTook))
	if background {
		b.int("rdb_current_bgsave_time_sec", wholeSeconds(took))
	} else {
		b.int("rdb_current_bgsave_time_sec", -1)
	}
	b.uint("rdb_saves", sv.saves)
	b.zeros("rdb_last_cow_size")
	b.int("rdb_last_load_keys_expired", sv.loaded.expired)
	b.int("rdb_last_load_keys_loaded", sv.loaded.keys)
	infoLog(&srv.rewriter, b, now)
	b.zeros("module_fork_in_progress", "module_fork_last_cow_size")
	if sv.job != nil {
		infoProgress(b, "snapshot_save", p, took)
	}
	if l := srv.load.Load(); l != nil {
		infoLoading(b, l)
	}
}

// infoLog writes what there is to say of the log, in Redis's words.
func infoLog(rw *rewriter, b *infoText, now time.Time) {
	rw.mu.Lock()
	defer rw.mu.Unlock()
	current := time.Duration(-1)
	if rw.job != nil {
		current = now.Sub(rw.job.started)
	}
	b.int("aof_enabled", oneIf(rw.log != nil))
	b.int("aof_rewrite_in_progress", oneIf(rw.job != nil))
	b.int("aof_rewrite_scheduled", oneIf(rw.due))
	b.int("aof_last_rewrite_time_sec", wholeSeconds(rw.lastTook))
	b.int("aof_current_rewrite_time_sec", wholeSeconds(current))
	b.text("aof_last_bgrewrite_status", okIf(rw.failures == 0))
	b.uint("aof_rewrites", rw.rewrites)
	b.uint("aof_rewrites_consecutive_failures", rw.failures)
	b.text("aof_last_write_status", okIf(rw.log == nil || rw.log.Err() == nil))
	b.zeros("aof_last_cow_size")
	if rw.log == nil {
		return
	}
	s := rw.log.Stats()
	b.int("aof_current_size", s.Bytes)
	b.int("aof_base_size", s.BaseBytes)
	b.int("aof_pending_rewrite", oneIf(rw.due || !rw.based))
	b.int("aof_buffer_length", s.HeldBytes)
	b.int("aof_pending_bio_fsync", oneIf(s.Syncing))
	b.int("aof_delayed_fsync", s.Stalls)
}

// infoProgress writes how far a snapshot is.
func infoProgress(b *infoText, prefix string, p *SnapshotProgress, took time.Duration) {
	b.int(prefix+"_keys", p.Keys.Load())
	b.int(prefix+"_bytes", p.Bytes.Load())
	b.int(prefix+"_keys_per_sec", perSecond(p.Keys.Load(), took))
	b.int(prefix+"_bytes_per_sec", perSecond(p.Bytes.Load(), took))
	left := int64(-1)
	if d, ok := p.left(took); ok {
		left = wholeSeconds(d)
	}
	b.int(prefix+"_seconds_left", left)
}

// infoLoading writes how far loading is, in Redis's words.
func infoLoading(b *infoText, l *loadJob) {
	took := time.Since(l.started)
	done, total := l.progress.Bytes.Load(), l.progress.BytesTotal.Load()
	b.int("loading_start_time", l.started.Unix())
	b.int("loading_total_bytes", total)
	b.int("loading_rdb_used_mem", l.usedBytes.Load())
	b.int("loading_loaded_bytes", done)
	b.fixed("loading_loaded_perc", percent(uint64(done), uint64(total)), 2)
	left, _ := l.progress.left(took)
	b.int("loading_eta_seconds", max(1, wholeSeconds(left)))
	infoProgress(b, "snapshot_load", &l.progress, took)
}

// wholeSeconds is a duration in seconds, -1 for one that is negative.
func wholeSeconds(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return int64(d / time.Second)
}

func okIf(ok bool) string {
	if ok {
		return "ok"
	}
	return "err"
}
