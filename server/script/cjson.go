package script

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// The library cjson, with the rules of lua-cjson 2.1 as Redis sets them: a
// table whose keys are 1 to n is an array, an empty table an object; null is
// cjson.null, a userdata; sparse arrays are errors; depth is bounded.

const (
	jsonMaxDepth = 1000
	// Arrays with holes: above jsonSparseSafe elements, at most
	// jsonSparseRatio times as many places as elements.
	jsonSparseRatio = 2
	jsonSparseSafe  = 10
	jsonPrecision   = 14
)

// jsonNull stands for JSON's null.
var jsonNull = &lua.LUserData{}

func cjsonLibrary() library {
	keep := func(values ...lua.LValue) lua.LGFunction {
		return func(l *lua.LState) int { // settings cannot be changed: they would leak to other scripts
			for _, v := range values {
				l.Push(v)
			}
			return len(values)
		}
	}
	funcs := map[string]lua.LGFunction{
		"encode":                  jsonEncode,
		"decode":                  jsonDecode,
		"encode_sparse_array":     keep(lua.LFalse, lua.LNumber(jsonSparseRatio), lua.LNumber(jsonSparseSafe)),
		"encode_max_depth":        keep(lua.LNumber(jsonMaxDepth)),
		"decode_max_depth":        keep(lua.LNumber(jsonMaxDepth)),
		"encode_number_precision": keep(lua.LNumber(jsonPrecision)),
		"encode_keep_buffer":      keep(lua.LTrue),
		"encode_invalid_numbers":  keep(lua.LFalse),
		"decode_invalid_numbers":  keep(lua.LTrue),
	}
	return library{name: "cjson", funcs: funcs, values: map[string]lua.LValue{
		"null": jsonNull, "_NAME": lua.LString("cjson"), "_VERSION": lua.LString("2.1.0")}}
}

func jsonEncode(l *lua.LState) int {
	if l.GetTop() != 1 {
		l.ArgError(1, "expected 1 argument")
	}
	l.Push(lua.LString(appendJSON(l, nil, l.Get(1), 1)))
	return 1
}

func appendJSON(l *lua.LState, dst []byte, v lua.LValue, depth int) []byte {
	switch v := v.(type) {
	case lua.LString:
		return appendJSONString(dst, string(v))
	case lua.LNumber:
		f := float64(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			l.RaiseError("Cannot serialise number: must not be NaN or Inf")
		}
		return appendG(dst, f, jsonPrecision)
	case lua.LBool:
		return strconv.AppendBool(dst, bool(v))
	case *lua.LNilType:
		return append(dst, "null"...)
	case *lua.LUserData:
		if v == jsonNull {
			return append(dst, "null"...)
		}
	case *lua.LTable:
		if depth > jsonMaxDepth {
			l.RaiseError("Cannot serialise, excessive depth (%d)", depth)
		}
		return appendJSONTable(l, dst, v, depth)
	}
	l.RaiseError("Cannot serialise %s: type not supported", v.Type().String())
	return dst
}

// appendG prints a number as C's %.14g.
func appendG(dst []byte, f float64, digits int) []byte {
	s := strconv.FormatFloat(f, 'g', digits, 64)
	mantissa, exponent, ok := strings.Cut(s, "e")
	if !ok {
		return append(dst, s...)
	}
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return append(append(append(dst, mantissa...), 'e'), exponent...)
}

func appendJSONTable(l *lua.LState, dst []byte, t *lua.LTable, depth int) []byte {
	if n := jsonArrayLen(l, t); n > 0 {
		dst = append(dst, '[')
		for i := 1; i <= n; i++ {
			if i > 1 {
				dst = append(dst, ',')
			}
			dst = appendJSON(l, dst, t.RawGetInt(i), depth+1)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	first := true
	t.ForEach(func(k, v lua.LValue) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		switch k := k.(type) {
		case lua.LString:
			dst = appendJSONString(dst, string(k))
		case lua.LNumber:
			dst = append(appendG(append(dst, '"'), float64(k), jsonPrecision), '"')
		default:
			l.RaiseError("Cannot serialise %s: table key must be a number or string", k.Type().String())
		}
		dst = appendJSON(l, append(dst, ':'), v, depth+1)
	})
	return append(dst, '}')
}

// jsonArrayLen is the length of a table that is an array, 0 if it is an
// object.
func jsonArrayLen(l *lua.LState, t *lua.LTable) int {
	highest, items, array := 0.0, 0, true
	t.ForEach(func(k, _ lua.LValue) {
		n, ok := k.(lua.LNumber)
		if !ok || float64(n) != math.Floor(float64(n)) || n < 1 {
			array = false
			return
		}
		highest = max(highest, float64(n))
		items++
	})
	if !array {
		return 0
	}
	if highest > jsonSparseSafe && highest > float64(items*jsonSparseRatio) {
		l.RaiseError("Cannot serialise table: excessively sparse array")
	}
	return int(highest)
}

const hexDigits = "0123456789abcdef"

// appendJSONString quotes a string, whose bytes need not be UTF-8.
func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\', '/':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			if c < 0x20 || c == 0x7f {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"')
}

func jsonDecode(l *lua.LState) int {
	if l.GetTop() != 1 {
		l.ArgError(1, "expected 1 argument")
	}
	d := json.NewDecoder(strings.NewReader(l.CheckString(1)))
	v := jsonValue(l, d, 0)
	if d.More() {
		l.RaiseError("Expected the end but found T_INVALID at character %d", d.InputOffset()+1)
	}
	l.Push(v)
	return 1
}

// jsonValue reads one value.
func jsonValue(l *lua.LState, d *json.Decoder, depth int) lua.LValue {
	token, err := d.Token()
	if err != nil {
		l.RaiseError("Expected value but found invalid token at character %d", d.InputOffset()+1)
	}
	if depth > jsonMaxDepth {
		l.RaiseError("Found too many nested data structures (%d)", depth)
	}
	switch token := token.(type) {
	case string:
		return lua.LString(token)
	case float64:
		return lua.LNumber(token)
	case bool:
		return lua.LBool(token)
	case nil:
		return jsonNull
	case json.Delim:
		return jsonTable(l, d, token, depth)
	}
	return lua.LNil
}

func jsonTable(l *lua.LState, d *json.Decoder, open json.Delim, depth int) lua.LValue {
	t := l.NewTable()
	for d.More() {
		if open == '[' {
			t.Append(jsonValue(l, d, depth+1))
			continue
		}
		key := jsonValue(l, d, depth+1)
		t.RawSet(key, jsonValue(l, d, depth+1))
	}
	if _, err := d.Token(); err != nil {
		l.RaiseError("Expected comma or end but found invalid token at character %d", d.InputOffset()+1)
	}
	return t
}
