package main

import (
	"fmt"
	"strings"
	"time"
)

// The picture's measures, in pixels.
const (
	chartWidth  = 720
	chartHeight = 150
	chartLeft   = 60
	chartTop    = 30
	chartGap    = 60
)

// colours are those of the sides.
var colours = []string{"#0b62a4", "#c2410c"}

// chart draws rate and latency over time, one line for each load.
func chart(loads []longLoad) string {
	var drawn strings.Builder
	height := 2*(chartHeight+chartGap) + chartTop
	fmt.Fprintf(&drawn, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" `+
		`font-family="sans-serif" font-size="12">`+"\n"+
		`<rect width="100%%" height="100%%" fill="white"/>`+"\n",
		chartLeft+chartWidth+20, height)

	for k, load := range loads {
		fmt.Fprintf(&drawn, `<text x="%d" y="16" fill="%s">%s</text>`+"\n",
			chartLeft+80*k, colours[k%len(colours)], load.name)
	}

	plot(&drawn, loads, chartTop, "payments a second", func(p point) float64 {
		return float64(p.Done)
	})
	plot(&drawn, loads, chartTop+chartHeight+chartGap, "p99 in ms", func(p point) float64 {
		return float64(p.P99) / float64(time.Millisecond)
	})
	drawn.WriteString("</svg>\n")

	return drawn.String()
}

// plot draws one figure of all loads below each other's time.
func plot(
	drawn *strings.Builder,
	loads []longLoad,
	top int,
	title string,
	figure func(point) float64,
) {
	highest, seconds := 1.0, 1
	for _, load := range loads {
		seconds = max(seconds, len(load.points))
		for _, p := range load.points {
			highest = max(highest, figure(p))
		}
	}

	bottom := top + chartHeight
	fmt.Fprintf(drawn, `<text x="%d" y="%d">%s</text>`+"\n", chartLeft, top+12, title)
	fmt.Fprintf(drawn, `<text x="%d" y="%d" text-anchor="end">%.0f</text>`+"\n",
		chartLeft-6, top+24, highest)
	fmt.Fprintf(drawn, `<text x="%d" y="%d" text-anchor="end">0</text>`+"\n",
		chartLeft-6, bottom)
	fmt.Fprintf(drawn, `<text x="%d" y="%d" text-anchor="end">%d s</text>`+"\n",
		chartLeft+chartWidth, bottom+16, seconds)
	fmt.Fprintf(drawn, `<path d="M%d %dV%dH%d" fill="none" stroke="#888"/>`+"\n",
		chartLeft, top+16, bottom, chartLeft+chartWidth)

	room := float64(chartHeight - 20)
	for k, load := range loads {
		var places []string
		for second, p := range load.points {
			x := chartLeft + float64(chartWidth)*(float64(second)+0.5)/float64(seconds)
			y := float64(bottom) - room*figure(p)/highest
			places = append(places, fmt.Sprintf("%.1f,%.1f", x, y))
		}
		fmt.Fprintf(drawn, `<polyline points="%s" fill="none" stroke="%s"/>`+"\n",
			strings.Join(places, " "), colours[k%len(colours)])
	}
}
