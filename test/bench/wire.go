package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// wire is one client's connection, which writes requests as bytes and reads no more of an answer than it must: a crowd
// shares the machine with what it asks, and a client that takes as much of it as a server would measures itself.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	out  bytes.Buffer
}

// dial opens n connections to address.
func dial(ctx context.Context, address string, n int) (wires []*wire, hangUp func(), err error) {
	hangUp = func() {
		for _, w := range wires {
			_ = w.conn.Close()
		}
	}
	for range n {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			hangUp()
			return nil, nil, err
		}
		wires = append(wires, &wire{conn: conn, in: bufio.NewReaderSize(conn, 2048)})
	}
	return wires, hangUp, nil
}

// post sends a JSON body with a line for each header, and returns the status of the answer with as much of it as the
// buffer holds.
func (w *wire) post(path, headers, body string) (status int, text []byte, err error) {
	w.out.Reset()
	fmt.Fprintf(&w.out,
		"POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s", path,
		len(body), headers, body)
	_ = w.conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := w.conn.Write(w.out.Bytes()); err != nil {
		return 0, nil, err
	}
	length := 0
	for first := true; ; first = false {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if first && len(line) >= 12 {
			status, _ = strconv.Atoi(string(line[9:12]))
		}
		if name, value, _ := bytes.Cut(line, []byte(": ")); bytes.EqualFold(name, []byte("Content-Length")) {
			length, _ = strconv.Atoi(string(value))
		}
	}
	if text, err = w.in.Peek(min(length, w.in.Size())); err == nil {
		_, err = w.in.Discard(length)
	}
	return status, text, err
}

// order orders one unit as the holder of a token, and returns the status of the answer.
func (w *wire) order(token string, skuID int64) (status int, text []byte, err error) {
	return w.post("/api/v1/mall/orders", "Authorization: Bearer "+token+"\r\nIdempotency-Key: "+uuid.NewString()+"\r\n",
		fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}]}`, skuID))
}
