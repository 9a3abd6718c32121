module github.com/driftcore/driftcore/examples/go

go 1.19
