// The chat that users of Centrifugo's library write: a public room, private messages, tokens, and Redis to connect
// several servers. It follows the library's chat example: a message is handled in the read loop of its connection,
// gets an id and a time, is published, and is acknowledged once Redis has it. Nothing is kept: history is off.
//
// Choices in its favour: each client is subscribed by the server when it connects, so no further round trip is needed,
// and all settings but WRITE_DELAY_MS are the library's defaults. With WRITE_DELAY_MS the library collects what a
// connection gets for that long, and writes it as one frame.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/golang-jwt/jwt/v5"
)

const publicChannel = "public"

// All messages that arrive during the delay share a frame. The default, 16, would limit the rate to 16 a delay.
const unlimited = -1

type message struct {
	Type      string `json:"type"`
	ID        string `json:"id"`
	From      string `json:"from"`
	To        string `json:"to"`
	Content   string `json:"content"`
	Timestamp string `json:"timestamp"`
}

type chat struct {
	node       *centrifuge.Node
	secret     []byte
	writeDelay time.Duration
	last       atomic.Uint64
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	delay, err := strconv.Atoi(os.Getenv("WRITE_DELAY_MS"))
	if err != nil {
		return fmt.Errorf("WRITE_DELAY_MS: %w", err)
	}
	node, err := startNode(os.Getenv("REDIS_URL"))
	if err != nil {
		return err
	}
	chat := &chat{
		node:       node,
		secret:     []byte(os.Getenv("JWT_SECRET")),
		writeDelay: time.Duration(delay) * time.Millisecond,
	}
	node.OnConnecting(chat.authenticate)
	node.OnConnect(chat.handle)
	if err := node.Run(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		return err
	}
	go collectGarbageOnSignal()
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	return http.Serve(listener, centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
}

func startNode(redisURL string) (*centrifuge.Node, error) {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(redisURL)
	if err != nil {
		return nil, err
	}
	shard, err := centrifuge.NewRedisShard(node, centrifuge.RedisShardConfig{Address: address.Host})
	if err != nil {
		return nil, err
	}
	broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{
		Shards: []*centrifuge.RedisShard{shard},
	})
	if err != nil {
		return nil, err
	}
	node.SetBroker(broker)
	return node, nil
}

func userChannel(user string) string {
	return "user:" + user
}

func (c *chat) authenticate(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	claims := jwt.RegisteredClaims{}
	key := func(*jwt.Token) (any, error) { return c.secret, nil }
	_, err := jwt.ParseWithClaims(e.Token, &claims, key, jwt.WithValidMethods([]string{"HS256"}))
	if err != nil {
		return centrifuge.ConnectReply{}, centrifuge.DisconnectInvalidToken
	}
	reply := centrifuge.ConnectReply{
		Credentials: &centrifuge.Credentials{UserID: claims.Subject},
		Subscriptions: map[string]centrifuge.SubscribeOptions{
			publicChannel:               {},
			userChannel(claims.Subject): {},
		},
	}
	if c.writeDelay > 0 {
		reply.WriteDelay = c.writeDelay
		reply.MaxMessagesInFrame = unlimited
	}
	return reply, nil
}

func (c *chat) handle(client *centrifuge.Client) {
	client.OnPublish(func(e centrifuge.PublishEvent, cb centrifuge.PublishCallback) {
		if e.Channel != publicChannel {
			cb(centrifuge.PublishReply{}, centrifuge.ErrorPermissionDenied)
			return
		}
		_, data, err := c.stamped(client.UserID(), e.Data)
		if err != nil {
			cb(centrifuge.PublishReply{}, err)
			return
		}
		result, err := c.node.Publish(publicChannel, data)
		cb(centrifuge.PublishReply{Result: &result}, err)
	})
	client.OnRPC(func(e centrifuge.RPCEvent, cb centrifuge.RPCCallback) {
		cb(centrifuge.RPCReply{}, c.sendPrivately(client.UserID(), e.Data))
	})
}

func (c *chat) sendPrivately(from string, body []byte) error {
	to, data, err := c.stamped(from, body)
	if err != nil {
		return err
	}
	if _, err := c.node.Publish(userChannel(to), data); err != nil {
		return err
	}
	if to == from {
		return nil
	}
	_, err = c.node.Publish(userChannel(from), data)
	return err
}

// stamped reads a client's message and returns its recipient, and the message as it is published.
func (c *chat) stamped(from string, body []byte) (to string, data []byte, err error) {
	msg := message{}
	if err := json.Unmarshal(body, &msg); err != nil {
		return "", nil, centrifuge.ErrorBadRequest
	}
	now := time.Now().UTC()
	msg.Type, msg.From = "message", from
	// An id of the same length as Parley's.
	msg.ID = fmt.Sprintf("%d-%010d-00", now.UnixMilli(), c.last.Add(1))
	msg.Timestamp = now.Format("2006-01-02T15:04:05.000Z")
	data, err = json.Marshal(msg)
	return msg.To, data, err
}

// The benchmark measures memory after a garbage collection, which it asks for with SIGUSR1.
func collectGarbageOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	for count := 1; ; count++ {
		<-signals
		debug.FreeOSMemory()
		fmt.Printf("collected %d\n", count)
	}
}
