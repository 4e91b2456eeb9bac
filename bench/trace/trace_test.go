package trace

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, text string, cut int) string {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "t.txt.gz")
	if err := os.WriteFile(path, buf.Bytes()[:buf.Len()-cut], 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadFile(t *testing.T) {
	path := write(t, "7\n8\n7\n9\n8\n", 0)
	for _, c := range []struct {
		limit          int
		keys, distinct string
	}{
		{0, "7 8 7 9 8", "7 8 9"},
		{3, "7 8 7", "7 8"},
	} {
		tr, err := ReadFile(path, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(bytes.Join(tr.Keys, []byte(" "))); got != c.keys {
			t.Errorf("limit %d: keys %q, want %q", c.limit, got, c.keys)
		}
		if got := string(bytes.Join(tr.Distinct, []byte(" "))); got != c.distinct {
			t.Errorf("limit %d: distinct %q, want %q", c.limit, got, c.distinct)
		}
	}
}

func TestReadFileRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		cut              int
	}{
		{"empty", "", "no keys", 0},
		{"empty line", "1\n\n2\n", "line 2", 0},
		{"long key", "1\n" + strings.Repeat("k", 251) + "\n", "line 2", 0},
		{"cut short", "1\n2\n3\n", "unexpected EOF", 4},
	} {
		_, err := ReadFile(write(t, c.text, c.cut), 0)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one that says %q", c.name, err, c.want)
		}
	}
}
