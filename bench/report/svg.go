package report

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// Sizes of the chart in SVG units (pixels at natural size).
const (
	chartWidth   = 860
	labelWidth   = 230
	figureWidth  = 170
	barHeight    = 13
	barGap       = 3
	rowGap       = 12
	headHeight   = 34
	marginTop    = 52
	marginBottom = 40
)

// Colors that can be told apart by people with the usual kinds of colour
// blindness and stand out on white as on black; the text is a grey that keeps
// a contrast of 4.5:1 on both. There is no background.
var barColors = map[string]string{"redis": "#c8553d", "memcached": "#2a9d74", "larder": "#3d7fd9"}

const (
	otherColor = "#9a6fb0"
	textColor  = "#767676"
)

// WriteSVG draws the main rows of the tables (Row.Chart): a bar for each
// contender. In each row the longest bar is the largest figure, so that bars
// are compared within a row; the figures stand beside them. Shorter is better
// in every table that is drawn.
func WriteSVG(w io.Writer, title, caption string, tables []Table) error {
	var body strings.Builder
	y := marginTop
	for _, t := range tables {
		y = drawTable(&body, t, y)
	}
	height := y + marginBottom
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" font-family="system-ui, sans-serif" font-size="12" fill="%s">`+"\n",
		chartWidth, height, chartWidth, height, textColor)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(title))
	fmt.Fprintf(&b, `<text x="12" y="24" font-size="16" font-weight="600">%s</text>`+"\n", html.EscapeString(title))
	b.WriteString(`<text x="12" y="42">Shorter is better; bars compare within a row.</text>` + "\n")
	b.WriteString(body.String())
	fmt.Fprintf(&b, `<text x="12" y="%d" font-size="10">%s</text>`+"\n", height-14, html.EscapeString(caption))
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// drawTable draws the main rows of a table below y and returns where they end.
func drawTable(b *strings.Builder, t Table, y int) int {
	var rows []Row
	for _, r := range t.Rows {
		if r.Chart {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return y
	}
	y += headHeight
	fmt.Fprintf(b, `<text x="12" y="%d" font-size="13" font-weight="600">%s (%s)</text>`+"\n", y-12, html.EscapeString(t.Title), html.EscapeString(t.Unit))
	for _, r := range rows {
		y = drawRow(b, t.Columns, r, y) + rowGap
	}
	return y
}

// drawRow draws the bars of one row below y and returns where they end.
func drawRow(b *strings.Builder, columns []string, r Row, y int) int {
	longest := 0.0
	for _, c := range r.Cells {
		longest = max(longest, c.Summary.Median)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", labelWidth-10, y+barHeight-2, html.EscapeString(r.Name))
	for i, c := range r.Cells {
		if c.Summary.N == 0 && c.Missing == "" {
			continue // not a contender in this row
		}
		length := 0
		if c.Summary.N > 0 && longest > 0 {
			length = max(1, int(c.Summary.Median/longest*(chartWidth-labelWidth-figureWidth)))
		}
		color, known := barColors[columns[i]]
		if !known {
			color = otherColor
		}
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" fill="%s"/>`, labelWidth, y, length, barHeight, color)
		label := "not available"
		if c.Missing == "" {
			label = figure(c.Summary.Median)
		}
		fmt.Fprintf(b, `<text x="%d" y="%d" font-size="11">%s %s</text>`+"\n", labelWidth+length+6, y+barHeight-2, html.EscapeString(columns[i]), label)
		y += barHeight + barGap
	}
	return y
}
