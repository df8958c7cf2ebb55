// A client of Parley that misses nothing, with the raw protocol. P10, P53, …: rules of docs/protocol.md.
// PARLEY_TOKEN=... go run .        each line of standard input is sent; PARLEY_TO=bob: to bob alone
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
	token = os.Getenv("PARLEY_TOKEN") // a real client brings a fresh one before it ends (P6)
	to    = os.Getenv("PARLEY_TO")    // "" is the public room
)

func main() {
	lines := make(chan string) // nobody takes from it while there is no connection: what is typed waits
	go func() {
		for input := bufio.NewScanner(os.Stdin); input.Scan(); {
			lines <- input.Text()
		}
	}()
	for wait := time.Second / 4; ; wait = min(2*wait, 15*time.Second) {
		began, err := time.Now(), converse(lines)
		if websocket.CloseStatus(err) >= 4500 { // P40: do not come back
			log.Fatal(err)
		}
		log.Print("connection lost: ", err)
		if time.Since(began) > 5*time.Second { // it was a good one
			wait = time.Second / 4
		}
		time.Sleep(rand.N(wait)) // not all clients at the same moment
	}
}

// converse holds one connection and returns what ended it.
func converse(lines <-chan string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	protocols := &websocket.DialOptions{Subprotocols: []string{"chat.v1", "bearer." + token}}
	conn, answer, err := websocket.Dial(ctx, "ws"+base[4:]+"/ws", protocols)
	if answer != nil && (answer.StatusCode == 401 || answer.StatusCode == 403) { // P3: for good
		log.Fatal(err)
	} else if err != nil {
		return err
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	frames, lost := make(chan frame), make(chan error, 1)
	go func() { lost <- readInto(ctx, conn, frames) }()
	for ping := time.NewTicker(10 * time.Second); err == nil; {
		select {
		case err = <-lost:
		case f := <-frames:
			err = f.handle(ctx, conn)
		case line := <-lines:
			pending = append(pending, draft{to, line, crypto.Text()})
			err = wsjson.Write(ctx, conn, pending[len(pending)-1])
		case <-ping.C: // a dead link says nothing by itself
			go func() {
				inTime, done := context.WithTimeout(ctx, 20*time.Second)
				defer done()
				if conn.Ping(inTime) != nil {
					cancel()
				}
			}()
		}
	}
	return err
}
