package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

var client = http.Client{Timeout: 40 * time.Second} // longer than a request to the feed may wait

// request sends a request, and repeats it while the server is away or asks to wait (P55, P62). It returns the final status.
func request(method, path string, body []byte, into any) int {
	for wait := time.Second / 4; ; wait = min(2*wait, 30*time.Second) {
		status, asked, err := attempt(method, path, body, into)
		if err == nil && status < 500 && status != 429 {
			return status
		}
		log.Print("trying again: ", status, " ", err)
		time.Sleep(asked + wait/2 + rand.N(wait/2))
	}
}

func attempt(method, path string, body []byte, into any) (status int, asked time.Duration, err error) {
	request, err := http.NewRequest(method, base+path, bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	if response.StatusCode == 200 && into != nil {
		err = json.NewDecoder(response.Body).Decode(into)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, time.Duration(seconds) * time.Second, err
}
