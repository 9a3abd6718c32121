package driftcore

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestAnObjectIsFreedByItsLastUser(t *testing.T) {
	freed, woken := 0, 0
	object := own(new(int), func(*int) { freed++ })
	wake := func(*int) { woken++ }
	if object.enter() == nil || object.enter() == nil {
		t.Fatal("not there")
	}
	object.close(wake)
	object.close(wake)
	if freed != 0 || woken != 1 {
		t.Errorf("in use: freed %d times, woken %d times", freed, woken)
	}
	if object.enter() != nil {
		t.Error("there after close")
	}
	object.leave()
	if freed != 0 {
		t.Error("freed before the last user left")
	}
	object.leave()
	object.close(wake)
	if freed != 1 || woken != 1 {
		t.Errorf("at the end: freed %d times, woken %d times", freed, woken)
	}
}

func TestAnObjectThatNobodyUsesIsFreedAtOnce(t *testing.T) {
	freed := 0
	object := own(new(int), func(*int) { freed++ })
	object.close(nil)
	object.close(nil)
	if freed != 1 {
		t.Errorf("freed %d times", freed)
	}
}

func TestAnObjectIsFreedOnceByMany(t *testing.T) {
	for round := 0; round < 200; round++ {
		var freed atomic.Int32
		object := own(new(int), func(*int) { freed.Add(1) })
		var done sync.WaitGroup
		for i := 0; i < 8; i++ {
			done.Add(1)
			go func() {
				defer done.Done()
				if object.enter() != nil {
					if freed.Load() != 0 {
						t.Error("freed while in use")
					}
					object.leave()
				}
				object.close(nil)
			}()
		}
		done.Wait()
		if freed.Load() != 1 {
			t.Fatalf("freed %d times", freed.Load())
		}
	}
}
