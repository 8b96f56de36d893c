package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// What comes at once when a sale begins: every buyer wants one unit, and most will go away without.
const (
	rushBuyers    = 5000
	rushUnits     = 500
	rushProcesses = 3
)

// rush has buyers ask for a few units at the same moment, spread over processes of their own on this mall's databases,
// and fails unless exactly the units were sold and everybody was answered.
func (b *bench) rush(ctx context.Context) ([]row, error) {
	skuID, err := b.limitedSKU(ctx, "rush", rushUnits)
	if err != nil {
		return nil, err
	}
	tokens, err := b.tokens(ctx, "rush", rushBuyers)
	if err != nil {
		return nil, err
	}
	var wires []*wire
	for range rushProcesses {
		address, stop, err := b.another(ctx)
		if err != nil {
			return nil, fmt.Errorf("another process: %w", err)
		}
		defer stop()
		more, hangUp, err := dial(ctx, address, rushBuyers/rushProcesses+1)
		if err != nil {
			return nil, err
		}
		defer hangUp()
		wires = append(wires, more...)
	}
	type answer struct {
		status int
		slug   bool // sold_out
		err    error
		after  time.Duration
	}
	answers := make([]answer, rushBuyers)
	start := make(chan struct{})
	var crowd sync.WaitGroup
	var began time.Time
	for n := range answers {
		crowd.Go(func() {
			<-start
			status, text, err := wires[n].order(tokens[n], skuID)
			answers[n] = answer{status, bytes.Contains(text, []byte("sold_out")), err, time.Since(began)}
		})
	}
	began = time.Now()
	close(start)
	crowd.Wait()
	placed, waited := 0, make([]time.Duration, rushBuyers)
	for n, a := range answers {
		switch {
		case a.err != nil:
			return nil, fmt.Errorf("buyer %d was not answered: %w", n, a.err)
		case a.status == http.StatusCreated:
			placed++
		case a.status != http.StatusConflict || !a.slug:
			return nil, fmt.Errorf("buyer %d was answered %d", n, a.status)
		}
		waited[n] = a.after
	}
	held, err := b.wholeStock(ctx, skuID)
	if err == nil && (placed != rushUnits || held != rushUnits) {
		err = fmt.Errorf("%d of %d units were sold, and %d buyers were told so", held, rushUnits, placed)
	}
	slices.Sort(waited)
	return []row{{
		Name:  fmt.Sprintf("rush_%d_for_%d_last_answer", rushBuyers, rushUnits),
		Value: milliseconds(waited[rushBuyers-1]),
		Unit:  "ms",
		P50:   milliseconds(waited[rushBuyers/2]),
		P99:   milliseconds(waited[rushBuyers*99/100]),
	}}, err
}

// another starts this program again as one more server on the same databases. It ends when stop is called, or with this
// process.
func (b *bench) another(ctx context.Context) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address = listener.Addr().String()
	_ = listener.Close()
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-serve", address, "-keep", b.cfg.DataDir)
	cmd.Stderr = os.Stderr
	hold, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = hold.Close()
		_ = cmd.Wait()
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if res, err := http.Get("http://" + address + "/api/v1/mall/categories"); err == nil {
			_ = res.Body.Close()
			return address, stop, nil
		}
		if time.Now().After(deadline) {
			stop()
			return "", nil, fmt.Errorf("nobody answers at %s", address)
		}
	}
}

// serve is that other process.
func serve(ctx context.Context, address, dir string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	b, err := openAt(ctx, dir, listener)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the one who started it lets go
	return b.program.Close()
}
