// Package lines is how an oracle is asked: a line of JSON in, a line of JSON out, until there are no more.
package lines

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
)

// Answer ends the program at a line that is no question.
func Answer[Q, A any](answer func(Q) A) {
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for answers := json.NewEncoder(out); ; {
		var question Q
		err := in.Decode(&question)
		if err == io.EOF {
			return
		}
		if err == nil {
			err = answers.Encode(answer(question))
		}
		if err != nil {
			panic(err)
		}
	}
}
