package queue

import (
	"context"
	"errors"
	"sync"
)

// RunDue does all that is ready and fits into the free places, and returns how many runs ended well when the last has
// ended. The errors are those of the runs, joined.
func (q *Queue) RunDue(ctx context.Context) (int, error) {
	if err := q.announce(ctx, q.now()); err != nil {
		return 0, err
	}
	claims, err := q.claim(ctx)
	if err != nil {
		return 0, err
	}
	problems := make([]error, len(claims))
	var working sync.WaitGroup
	for i, c := range claims {
		working.Go(func() { problems[i] = q.work(ctx, c) })
	}
	working.Wait()
	well := 0
	for _, problem := range problems {
		if problem == nil {
			well++
		}
	}
	return well, errors.Join(problems...)
}
