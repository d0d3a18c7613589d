package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// wire carries WebDriver's commands (https://www.w3.org/TR/webdriver2/) to one browser.
type wire interface {
	call(ctx context.Context, c command, params map[string]any) (json.RawMessage, error)
}

// command is one of WebDriver's, as each wire names it. The element that it is about is the parameter "id".
type command struct{ method, path, marionette string }

var (
	navigate   = command{"POST", "/url", "WebDriver:Navigate"}
	find       = command{"POST", "/element", "WebDriver:FindElement"}
	click      = command{"POST", "/element/{id}/click", "WebDriver:ElementClick"}
	empty      = command{"POST", "/element/{id}/clear", "WebDriver:ElementClear"}
	keys       = command{"POST", "/element/{id}/value", "WebDriver:ElementSendKeys"}
	script     = command{"POST", "/execute/sync", "WebDriver:ExecuteScript"}
	screenshot = command{"GET", "/screenshot", "WebDriver:TakeScreenshot"}
	resize     = command{"POST", "/window/rect", "WebDriver:SetWindowRect"}
	frame      = command{"POST", "/frame", "WebDriver:SwitchToFrame"}
)

// overHTTP is the wire of chromedriver and WebKitWebDriver.
type overHTTP struct{ base string }

// newSession asks the driver at an address for a browser.
func newSession(ctx context.Context, address string, capabilities map[string]any) (*overHTTP, error) {
	w := &overHTTP{base: "http://" + address}
	answer, err := w.send(ctx, http.MethodPost, "/session", map[string]any{
		"capabilities": map[string]any{"alwaysMatch": capabilities},
	})
	if err != nil {
		return nil, err
	}
	var session struct {
		SessionID string `json:"sessionId"`
	}
	if err := json.Unmarshal(answer, &session); err != nil || session.SessionID == "" {
		return nil, fmt.Errorf("no session in %s: %w", answer, err)
	}
	w.base += "/session/" + session.SessionID
	return w, nil
}

func (w *overHTTP) call(ctx context.Context, c command, params map[string]any) (json.RawMessage, error) {
	id, _ := params["id"].(string)
	return w.send(ctx, c.method, strings.Replace(c.path, "{id}", id, 1), params)
}

func (w *overHTTP) send(ctx context.Context, method, path string, params map[string]any) (json.RawMessage, error) {
	var body io.Reader
	if method == http.MethodPost {
		if params == nil {
			params = map[string]any{}
		}
		text, err := json.Marshal(params)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var answer struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s %s: %s: %w", method, path, res.Status, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s: %.400s", method, path, res.Status, answer.Value)
	}
	return answer.Value, nil
}

// marionette is Firefox's own wire, to which geckodriver translates: messages of JSON with their length before them,
// numbered (https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html).
type marionette struct {
	mu   sync.Mutex
	conn net.Conn
	last int
}

func dialMarionette(ctx context.Context, address string) (*marionette, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	w := &marionette{conn: conn}
	_, err = w.read() // it greets
	if err == nil {
		_, err = w.send("WebDriver:NewSession", map[string]any{"capabilities": map[string]any{}})
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return w, nil
}

func (w *marionette) call(ctx context.Context, c command, params map[string]any) (json.RawMessage, error) {
	if deadline, there := ctx.Deadline(); there {
		if err := w.conn.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	if c == screenshot {
		params = map[string]any{"full": false}
	}
	if element, is := params["id"].(map[string]string); is && c == frame {
		params = map[string]any{"element": element[elementKey]}
	}
	answer, err := w.send(c.marionette, params)
	if err != nil {
		return nil, err
	}
	var wrapped struct {
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(answer, &wrapped) == nil && wrapped.Value != nil {
		return wrapped.Value, nil
	}
	return answer, nil
}

// send sends a command, and reads its answer: [1, number, error, result].
func (w *marionette) send(name string, params map[string]any) (json.RawMessage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if params == nil {
		params = map[string]any{}
	}
	w.last++
	message, err := json.Marshal([]any{0, w.last, name, params})
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(w.conn, "%d:%s", len(message), message); err != nil {
		return nil, err
	}
	answer, err := w.read()
	if err != nil {
		return nil, err
	}
	var parts [4]json.RawMessage
	if err := json.Unmarshal(answer, &parts); err != nil {
		return nil, fmt.Errorf("%s: %.200s: %w", name, answer, err)
	}
	if string(parts[2]) != "null" {
		return nil, fmt.Errorf("%s: %.400s", name, parts[2])
	}
	return parts[3], nil
}

func (w *marionette) read() ([]byte, error) {
	var length []byte
	for one := make([]byte, 1); ; length = append(length, one[0]) {
		if _, err := io.ReadFull(w.conn, one); err != nil {
			return nil, err
		}
		if one[0] == ':' {
			break
		}
	}
	n, err := strconv.Atoi(string(length))
	if err != nil {
		return nil, err
	}
	message := make([]byte, n)
	_, err = io.ReadFull(w.conn, message)
	return message, err
}
