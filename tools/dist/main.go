// Dist packs built programs into archives and Debian packages. The same programs
// and the same time give the same bytes on every machine.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	var r release
	var made int64
	flag.StringVar(&r.version, "version", "", "the version that the programs say they are")
	flag.StringVar(&r.source, "source", ".", "the folder of the repository")
	flag.StringVar(&r.programs, "programs", "", "the folder with a folder of programs for each platform, such as linux-amd64")
	flag.StringVar(&r.common, "common", "", "the folder with what is the same on all platforms: config.toml, man, completions")
	flag.StringVar(&r.out, "out", "dist", "the folder to write to")
	flag.Int64Var(&made, "time", 0, "the time of all files, in seconds since 1970")
	flag.Parse()
	r.made = time.Unix(made, 0).UTC()

	written, err := r.write()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
	for _, name := range written {
		fmt.Println(name)
	}
}
