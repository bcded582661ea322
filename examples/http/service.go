// A program that knows nothing of rarangi but its HTTP, with Go's own library:
//
//	go run service.go register NAME PORT | lookup NAME | watch NAME
//
// A service is registered at both servers of its host, by two requests of one key, for as long as
// these last; then the end of one server leaves no gap.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A server says every five seconds that it is alive.
const silence = 12 * time.Second

func sides() []string {
	if given := os.Getenv("RARANGI_HTTP"); given != "" {
		return strings.Fields(given)
	}
	return []string{"http://127.0.0.1:17342", "http://127.0.0.1:17343"}
}

// lines asks, and calls back with each line of the answer. A server that falls silent is left.
func lines(method, address string, body string, take func(string)) (int, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	timer := time.AfterFunc(silence, cancel)
	defer timer.Stop()
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(response.Body)
		return response.StatusCode, fmt.Errorf("%s: %s", response.Status, said)
	}
	scanner := bufio.NewScanner(response.Body)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		timer.Reset(silence)
		take(scanner.Text())
	}
	return response.StatusCode, scanner.Err()
}

func isRefused(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests
}

// hold keeps the registration at one server, again and again, until it is refused.
func hold(side, offer string) {
	for pause := 250 * time.Millisecond; ; {
		status, err := lines("POST", side+"/v1/register", offer, func(line string) {
			fmt.Fprintln(os.Stderr, line)
			pause = 250 * time.Millisecond
		})
		if isRefused(status) {
			fmt.Fprintln(os.Stderr, "refused:", err)
			os.Exit(1)
		}
		time.Sleep(pause)
		if pause *= 2; pause > 5*time.Second {
			pause = 5 * time.Second
		}
	}
}

func register(name, port string) {
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		panic(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		panic(err)
	}
	offer, _ := json.Marshal(map[string]any{
		"service": name, "port": number, "key": hex.EncodeToString(key),
	})
	var holders sync.WaitGroup
	for _, side := range sides() {
		holders.Add(1)
		go hold(side, string(offer))
	}
	holders.Wait()
}

// lookup prints addresses. 1 says that there surely is none, 5 that nobody can tell.
func lookup(name string) int {
	for _, side := range sides() {
		address := side + "/v1/services/" + url.PathEscape(name) + "?format=hostport"
		status, _ := lines("GET", address, "", func(line string) { fmt.Println(line) })
		switch status {
		case http.StatusOK:
			return 0
		case http.StatusNotFound:
			return 1
		}
	}
	return 5
}

// watch prints each change. After a reconnect the present set comes anew, and ends with "synced".
func watch(name string) {
	for {
		for _, side := range sides() {
			address := side + "/v1/watch?service=" + url.QueryEscape(name)
			lines("GET", address, "", func(line string) { fmt.Println(line) })
			time.Sleep(250 * time.Millisecond)
		}
	}
}

func main() {
	switch command := os.Args[1]; command {
	case "register":
		register(os.Args[2], os.Args[3])
	case "lookup":
		os.Exit(lookup(os.Args[2]))
	case "watch":
		watch(os.Args[2])
	}
}
