package backup

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when backups are made.
type Schedule struct{ when cron.Schedule }

// ParseSchedule reads @hourly, @daily, @weekly, an interval like 90m or 1d, or
// the five fields of cron: minute, hour, day of the month, month, day of the week.
func ParseSchedule(text string) (*Schedule, error) {
	if every, err := ParseInterval(text); err == nil {
		if every < time.Second {
			return nil, fmt.Errorf("%q is less than a second", text)
		}
		return &Schedule{cron.Every(every)}, nil
	}
	when, err := cron.ParseStandard(text)
	if err != nil {
		return nil, fmt.Errorf("%q is neither @hourly, @daily, an interval like 6h nor five fields as cron has them: %w", text, err)
	}
	return &Schedule{when}, nil
}

// Next is the first time after t, in t's location, at which a backup is due;
// zero if there never is one.
func (s *Schedule) Next(t time.Time) time.Time { return s.when.Next(t) }

// Scheduler makes backups when they are due.
type Scheduler struct {
	Repository *Repository
	Schedule   *Schedule
	Keep       Retention // what Prune keeps after each backup
	// Source opens what is to be backed up.
	Source func(ctx context.Context) (*Source, error)
	// Made and Failed are told how it went. After a failure the next time counts.
	Made   func(c *Created, p *Pruned)
	Failed func(err error)
}

// Run makes backups until ctx is done. A time that passes while a backup is
// being made is left out.
func (s *Scheduler) Run(ctx context.Context) {
	for {
		now := s.Repository.now()
		next := s.Schedule.Next(now)
		if next.IsZero() {
			return
		}
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		c, p, err := s.once(ctx)
		if c != nil {
			s.Made(c, p)
		}
		if err != nil && ctx.Err() == nil {
			s.Failed(err)
		}
	}
}

// once makes a backup and removes old ones.
func (s *Scheduler) once(ctx context.Context) (c *Created, p *Pruned, err error) {
	src, err := s.Source(ctx)
	if err != nil {
		return nil, nil, err
	}
	c, err = s.Repository.Create(ctx, src)
	if closeErr := src.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return c, nil, err
	}
	p, err = s.Repository.Prune(ctx, s.Keep, InterruptedAge)
	return c, p, err
}
