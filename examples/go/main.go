// A chat client that misses no message, with the raw protocol. P10, P53, … are rules of docs/protocol.md.
// PARLEY_TOKEN=... go run .        sends each line of standard input; with PARLEY_TO=bob to bob only
package main

import (
	"bufio"
	"cmp"
	"context"
	crypto "crypto/rand"
	"log"
	"math/rand/v2"
	"os"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

var (
	base  = cmp.Or(os.Getenv("PARLEY_URL"), "http://localhost:8080")
	token = os.Getenv("PARLEY_TOKEN") // a real client sends a fresh token before this one expires (P6)
	to    = os.Getenv("PARLEY_TO")    // "" is the public room
)

func main() {
	lines := make(chan string) // unbuffered: without a connection, typed lines wait
	go func() {
		for input := bufio.NewScanner(os.Stdin); input.Scan(); {
			lines <- input.Text()
		}
	}()
	for wait := time.Second / 4; ; wait = min(2*wait, 15*time.Second) {
		began, err := time.Now(), converse(lines)
		if websocket.CloseStatus(err) >= 4500 { // the server forbids reconnecting (P40)
			log.Fatal(err)
		}
		log.Print("connection lost: ", err)
		if time.Since(began) > 5*time.Second { // a stable connection resets the backoff
			wait = time.Second / 4
		}
		time.Sleep(rand.N(wait)) // the jitter keeps clients from reconnecting all at once
	}
}

// converse runs one connection and returns the error that ended it.
func converse(lines <-chan string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	protocols := &websocket.DialOptions{Subprotocols: []string{"chat.v1", "bearer." + token}}
	conn, response, err := websocket.Dial(ctx, "ws"+base[4:]+"/ws", protocols)
	if response != nil && (response.StatusCode == 401 || response.StatusCode == 403) { // a final refusal (P3)
		log.Fatal(err)
	} else if err != nil {
		return err
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	frames, lost := make(chan frame), make(chan error, 1)
	go func() { lost <- readFrames(ctx, conn, frames) }()
	for ping := time.NewTicker(10 * time.Second); err == nil; {
		select {
		case err = <-lost:
		case f := <-frames:
			err = f.handle(ctx, conn)
		case line := <-lines:
			pending = append(pending, draft{to, line, crypto.Text()})
			err = wsjson.Write(ctx, conn, pending[len(pending)-1])
		case <-ping.C: // only a ping detects a dead link
			go func() {
				pingCtx, done := context.WithTimeout(ctx, 20*time.Second)
				defer done()
				if conn.Ping(pingCtx) != nil {
					cancel()
				}
			}()
		}
	}
	return err
}
