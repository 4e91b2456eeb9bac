package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"larder/persistence"
	"larder/protocol/record"
)

// Redis's append-only file is a history of commands as clients send them:
//
//	*3\r\n $3\r\nSET\r\n $1\r\nk\r\n $1\r\nv\r\n
//	#TS:1700000000\r\n                            an annotation, since 7.0
//
// SELECT says which database the next commands are for, and what stands between
// MULTI and EXEC was one step: if the file ends before EXEC, nothing of it
// counts. A crash may have torn the end off, which is no damage.

// step is what is applied as a whole: a command, or those of a transaction.
type step struct {
	commands []record.Command
	offset   int64 // of its first byte
}

// tornError is a file that ends in the middle of a step.
type tornError struct {
	file       string
	keep, size int64 // bytes of whole steps, bytes of the file
	inMulti    bool
}

// Error implements error.
func (e *tornError) Error() string {
	where := "in the middle of a command"
	if e.inMulti {
		where = "between MULTI and EXEC"
	}
	return fmt.Sprintf("%s ends %s: of its %d bytes the last %d, from offset %d on, count for nothing", e.file, where, e.size, e.size-e.keep, e.keep)
}

// aof reads the commands of a file.
type aof struct {
	name  string
	r     *bufio.Reader
	at    int64 // offset of the next byte
	whole int64 // behind the last whole step
	db    int
}

func newAOF(r io.Reader, name string, offset int64) *aof {
	return &aof{name: name, r: bufio.NewReaderSize(r, 256<<10), at: offset, whole: offset}
}

// Bounds of a command, as Redis has them.
const (
	maxWords     = 1 << 20 * 16
	maxWordBytes = 512 << 20
	maxAOFLine   = 128
	maxDatabase  = 1 << 30
)

// next reads a step. The error is io.EOF at the end, a *tornError, or damage.
func (a *aof) next() (step, error) {
	var s step
	multi := false
	for {
		start := a.at
		words, err := a.command()
		if err != nil {
			if errors.Is(err, io.EOF) && !multi && a.at == start {
				return s, io.EOF
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return s, &tornError{file: a.name, keep: a.whole, size: a.at, inMulti: multi && a.at == start}
			}
			return s, err
		}
		if len(words) == 0 { // an annotation
			if !multi {
				a.whole = a.at
			}
			continue
		}
		if !multi {
			s.offset = start
		}
		switch name := strings.ToUpper(string(words[0])); {
		case name == "SELECT" && len(words) == 2:
			if err := a.selectDB(words[1], start); err != nil {
				return s, err
			}
		case name == "MULTI":
			multi = true
		case name == "EXEC" && multi:
			a.whole = a.at
			return s, nil
		default:
			s.commands = append(s.commands, record.Command{DB: a.db, Args: words})
			if !multi {
				a.whole = a.at
				return s, nil
			}
		}
	}
}

func (a *aof) selectDB(word []byte, offset int64) error {
	db, err := strconv.Atoi(string(word))
	if err != nil || db < 0 || db > maxDatabase {
		return a.damage(offset, "it selects the database %.40q", word)
	}
	a.db = db
	return nil
}

func (a *aof) damage(offset int64, format string, args ...any) error {
	return &persistence.CorruptError{File: a.name, Offset: offset, Reason: fmt.Sprintf(format, args...)}
}

// command reads a command, or an annotation, which has no words.
func (a *aof) command() ([][]byte, error) {
	start := a.at
	head, err := a.line()
	if err != nil {
		return nil, err
	}
	if len(head) > 0 && head[0] == '#' {
		return nil, nil
	}
	n, ok := number(head, '*')
	if !ok || n < 1 || n > maxWords {
		return nil, a.damage(start, "a command begins with * and the number of its words, this with %.40q", head)
	}
	var words [][]byte // as long as words come
	for range n {
		from := a.at
		head, err := a.line()
		if err != nil {
			return nil, torn(err)
		}
		size, ok := number(head, '$')
		if !ok || size < 0 || size > maxWordBytes {
			return nil, a.damage(from, "a word begins with $ and its length, this with %.40q", head)
		}
		word, err := a.bytes(size)
		if err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	return words, nil
}

// torn is the error of an end where there should be more.
func torn(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// number reads what stands behind a mark.
func number(line []byte, mark byte) (n int, ok bool) {
	if len(line) < 2 || line[0] != mark {
		return 0, false
	}
	n, err := strconv.Atoi(string(line[1:]))
	return n, err == nil
}

// line reads a line without its end. It is valid until the next read.
func (a *aof) line() ([]byte, error) {
	from := a.at
	line, err := a.r.ReadSlice('\n')
	a.at += int64(len(line))
	switch {
	case errors.Is(err, bufio.ErrBufferFull), err == nil && len(line) > maxAOFLine && line[0] != '#':
		return nil, a.damage(from, "a line begins with %.40q and does not end soon", line)
	case err != nil && len(line) > 0:
		return nil, torn(err)
	case err != nil:
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// bytes reads a word and its line end. A false length costs no more memory than
// the file has bytes.
func (a *aof) bytes(size int) ([]byte, error) {
	from := a.at
	var b bytes.Buffer
	n, err := io.CopyN(&b, a.r, int64(size)+2)
	a.at += n
	if err != nil {
		return nil, torn(err)
	}
	word := b.Bytes()
	if string(word[size:]) != "\r\n" {
		return nil, a.damage(from+int64(size), "no line end follows the word of %d bytes at offset %d", size, from)
	}
	return word[:size], nil
}
