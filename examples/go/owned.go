package driftcore

import (
	"errors"
	"sync"
)

// ErrClosed is returned by whatever is used after its Close, and by [Engine.Run] when the engine
// was closed or had ended before.
var ErrClosed = errors.New("driftcore: used after Close")

// owned is an object of the library that goroutines share. It is freed once: when it is closed and
// nobody uses it any more, so that no call can meet an object that is gone.
type owned[T any] struct {
	mu     sync.Mutex
	object *T
	users  int
	closed bool
	free   func(*T)
}

func own[T any](object *T, free func(*T)) *owned[T] {
	return &owned[T]{object: object, free: free}
}

// enter returns the object, for leave; nil once it is closed.
func (o *owned[T]) enter() *T {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	o.users++
	return o.object
}

func (o *owned[T]) leave() {
	o.mu.Lock()
	o.users--
	last := o.closed && o.users == 0
	o.mu.Unlock()
	if last {
		o.free(o.object)
	}
}

// close frees the object, or leaves that to the last user, whom wake tells to hurry.
func (o *owned[T]) close(wake func(*T)) {
	o.mu.Lock()
	first := !o.closed
	o.closed = true
	unused := o.users == 0
	if first && !unused && wake != nil {
		// Under the lock: the last user cannot free it meanwhile.
		wake(o.object)
	}
	o.mu.Unlock()
	if first && unused {
		o.free(o.object)
	}
}
