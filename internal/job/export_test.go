package job

import (
	"context"
	"errors"
	"sync"
)

// RunDue runs every job that is due and that nobody else holds, all at once, and returns how many ended well when the
// last has ended. The errors are those of the jobs, joined.
func (k *Keeper) RunDue(ctx context.Context) (int, error) {
	if err := k.announce(ctx, k.now()); err != nil {
		return 0, err
	}
	held, err := k.claim(ctx)
	if err != nil {
		return 0, err
	}
	problems := make([]error, len(held))
	var crew sync.WaitGroup
	for i, c := range held {
		crew.Go(func() { problems[i] = k.work(ctx, c) })
	}
	crew.Wait()
	well := 0
	for _, problem := range problems {
		if problem == nil {
			well++
		}
	}
	return well, errors.Join(problems...)
}
