package config

import (
	"path/filepath"
	"strconv"
	"strings"
)

// keep moves a directive's text to and from its field. store gets only text
// that the directive's syntax has produced, so it cannot fail: a text that does
// not fit means that the row pairs a syntax with the wrong field, and panics.
type keep interface {
	load(*Config) string
	store(*Config, string)
}

type (
	boolAt   func(*Config) *bool
	intAt    func(*Config) *int
	int64At  func(*Config) *int64
	octalAt  func(*Config) *uint32
	textAt   func(*Config) *string
	listAt   func(*Config) *[]string
	floatsAt func(*Config) *[]float64
	shareAt  func(*Config) *MemoryOrPercent
	dirAt    func(*Config) *string
)

func (at boolAt) load(c *Config) string {
	if *at(c) {
		return "yes"
	}
	return "no"
}

func (at boolAt) store(c *Config, text string) { *at(c) = text == "yes" }

func (at intAt) load(c *Config) string        { return strconv.Itoa(*at(c)) }
func (at intAt) store(c *Config, text string) { *at(c) = int(mustInt(text)) }

func (at int64At) load(c *Config) string        { return strconv.FormatInt(*at(c), 10) }
func (at int64At) store(c *Config, text string) { *at(c) = mustInt(text) }

func (at octalAt) load(c *Config) string { return strconv.FormatUint(uint64(*at(c)), 8) }

func (at octalAt) store(c *Config, text string) {
	bits, err := strconv.ParseUint(text, 8, 32)
	if err != nil {
		panic(err)
	}
	*at(c) = uint32(bits)
}

func (at textAt) load(c *Config) string        { return *at(c) }
func (at textAt) store(c *Config, text string) { *at(c) = text }

func (at listAt) load(c *Config) string        { return strings.Join(*at(c), " ") }
func (at listAt) store(c *Config, text string) { *at(c) = strings.Fields(text) }

func (at floatsAt) load(c *Config) string {
	var parts []string
	for _, f := range *at(c) {
		parts = append(parts, formatFloat(f))
	}
	return strings.Join(parts, " ")
}

func (at floatsAt) store(c *Config, text string) {
	var list []float64
	for _, word := range strings.Fields(text) {
		f, err := strconv.ParseFloat(word, 64)
		if err != nil {
			panic(err)
		}
		list = append(list, f)
	}
	*at(c) = list
}

func (at shareAt) load(c *Config) string {
	if v := *at(c); v.Percent > 0 {
		return strconv.Itoa(v.Percent) + "%"
	}
	return strconv.FormatInt(at(c).Bytes, 10)
}

func (at shareAt) store(c *Config, text string) {
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		*at(c) = MemoryOrPercent{Percent: int(mustInt(percent))}
		return
	}
	*at(c) = MemoryOrPercent{Bytes: mustInt(text)}
}

func (at dirAt) load(c *Config) string { return *at(c) }

// store resolves a relative path against the directory so far, as changing
// into it would.
func (at dirAt) store(c *Config, text string) {
	if !filepath.IsAbs(text) {
		text = filepath.Join(*at(c), text)
	}
	*at(c) = filepath.Clean(text)
}

func mustInt(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func formatFloat(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
