// Command ssh-server is a STAND-IN for a git host that is reached by ssh: real git behind Go's own ssh, which Flux uses
// too. Deploy keys are lines of two files, read at each connection: who stands in `writers` may push, who stands in
// `readers` may not. It knows no other users, no shell and no other program, and ends with its standard input.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/crypto/ssh"
)

// command as git asks for it, and nothing else.
var command = regexp.MustCompile(`^(git-upload-pack|git-receive-pack) '/?([\w][\w./-]*)'$`)

func listed(file string, key ssh.PublicKey) bool {
	rest, _ := os.ReadFile(file)
	for {
		known, _, _, next, err := ssh.ParseAuthorizedKey(rest)
		if err != nil {
			return false
		}
		if bytes.Equal(known.Marshal(), key.Marshal()) {
			return true
		}
		rest = next
	}
}

// access says of a key whether it may push, or that nobody knows it.
func access(folder string) func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
	return func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		for _, may := range []string{"writers", "readers"} {
			if listed(filepath.Join(folder, may), key) {
				return &ssh.Permissions{Extensions: map[string]string{"may": may}}, nil
			}
		}
		return nil, errors.New("no such key")
	}
}

// serve runs git for one command and gives its exit code. Words are GitHub's.
func serve(channel ssh.Channel, text, root, may string, env []string) uint32 {
	asked := command.FindStringSubmatch(text)
	if asked == nil || strings.Contains(asked[2], "..") {
		fmt.Fprintln(channel.Stderr(), "Invalid command")
		return 1
	}
	folder := filepath.Join(root, asked[2])
	if _, err := os.Stat(folder); err != nil {
		fmt.Fprintln(channel.Stderr(), "ERROR: Repository not found.")
		return 1
	}
	if asked[1] == "git-receive-pack" && may != "writers" {
		fmt.Fprintln(channel.Stderr(), "ERROR: The key you are authenticating with has been marked as read only.")
		return 1
	}
	git := exec.Command("git", strings.TrimPrefix(asked[1], "git-"), folder)
	git.Env = append(os.Environ(), env...)
	git.Stdout, git.Stderr = channel, channel.Stderr()
	// Not Stdin: git is done before a client closes its side.
	input, err := git.StdinPipe()
	if err != nil || git.Start() != nil {
		return 1
	}
	go func() {
		_, _ = io.Copy(input, channel)
		_ = input.Close()
	}()
	if err := git.Wait(); err != nil {
		return uint32(git.ProcessState.ExitCode())
	}
	return 0
}

func session(channel ssh.Channel, requests <-chan *ssh.Request, root, may string) {
	var env []string
	for request := range requests {
		var text struct{ Value string }
		var pair struct{ Name, Value string }
		switch request.Type {
		case "env":
			if ssh.Unmarshal(request.Payload, &pair) == nil && pair.Name == "GIT_PROTOCOL" {
				env = append(env, pair.Name+"="+pair.Value)
			}
			_ = request.Reply(true, nil)
		case "exec":
			_ = request.Reply(ssh.Unmarshal(request.Payload, &text) == nil, nil)
			go func() {
				code := serve(channel, text.Value, root, may, env)
				_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
				_ = channel.Close()
			}()
		default:
			_ = request.Reply(false, nil)
		}
	}
}

func connection(raw net.Conn, config *ssh.ServerConfig, root string) {
	own, channels, requests, err := ssh.NewServerConn(raw, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for asked := range channels {
		if asked.ChannelType() != "session" {
			_ = asked.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		channel, wishes, err := asked.Accept()
		if err != nil {
			return
		}
		go session(channel, wishes, root, own.Permissions.Extensions["may"])
	}
}

func main() {
	root, keys := os.Args[1], os.Args[2]
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		log.Fatal(err)
	}
	config := &ssh.ServerConfig{PublicKeyCallback: access(keys)}
	config.AddHostKey(signer)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	hostKey := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"port": port, "hostKey": hostKey})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		raw, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go connection(raw, config, root)
	}
}
