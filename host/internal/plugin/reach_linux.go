package plugin

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A plugin reaches these files of the machine, besides its own. Folders are
// preferred to files in them: a rule holds for the file that it was made for,
// not for another one that is later put in its place.
var (
	// devices are those that every program may expect. /dev/zero is not among
	// them: mapped, it is memory that counts for no limit.
	devices = []string{"/dev/null", "/dev/full"}

	// readable is what it takes to call a provider.
	readable = []string{
		"/dev/random",
		"/dev/urandom",

		// Certificates that it trusts. Only the public ones: the folders above
		// them hold private keys.
		"/etc/ssl/certs",
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/ssl/cert.pem",
		"/etc/ssl/ca-bundle.pem",
		"/etc/ssl/openssl.cnf",
		"/etc/pki/tls/certs",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/pki/tls/cert.pem",
		"/etc/pki/tls/cacert.pem",
		"/etc/pki/tls/openssl.cnf",
		"/etc/pki/ca-trust",
		"/etc/ca-certificates",
		"/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates",
		"/usr/share/pki",
		"/var/lib/ca-certificates",

		// How names are resolved.
		"/etc/resolv.conf",
		"/run/systemd/resolve",
		"/run/resolvconf",
		"/etc/hosts",
		"/etc/nsswitch.conf",
		"/etc/services",
		"/etc/protocols",
		"/etc/host.conf",
		"/etc/gai.conf",

		// The time there.
		"/etc/localtime",
		"/etc/timezone",
		"/usr/share/zoneinfo",
		"/usr/lib/zoneinfo",
		"/usr/share/lib/zoneinfo",

		// Go's runtime asks how memory is given out.
		"/sys/kernel/mm/transparent_hugepage",
	}

	// systemPrograms are for a plugin that is not complete in itself: a script
	// with its interpreter, or a program with shared libraries. Homes and /opt
	// are not among them.
	systemPrograms = []string{
		"/usr",
		"/bin",
		"/sbin",
		"/lib",
		"/lib32",
		"/lib64",
		"/libx32",
		"/nix/store",
		"/gnu/store",
	}
	systemReadable = []string{
		"/etc/ld.so.cache",
		"/etc/ld.so.conf",
		"/etc/ld.so.conf.d",
		"/etc/ld.so.preload",
		"/etc/alternatives",
		"/etc/passwd",
		"/etc/group",
		"/sys/devices/system/cpu",

		// Runtimes size themselves by these. Nothing of other processes is
		// among them, whose command lines every user could read, and nothing of
		// the plugin's own: its folder in /proc is not there yet when the rules
		// are made.
		"/proc/cpuinfo",
		"/proc/meminfo",
		"/proc/stat",
		"/proc/loadavg",
		"/proc/uptime",
		"/proc/version",
		"/proc/filesystems",
		"/proc/sys/kernel",
		"/proc/sys/vm",
		"/proc/sys/net/core/somaxconn",
	}
	// nameServices are asked by C libraries that resolve names.
	nameServices = []string{"/run/systemd/resolve", "/run/nscd", "/var/run/nscd"}
)

// reach returns what a plugin may do with which files.
func reach(program, folder, sockets string) []rule {
	rules := []rule{
		{filepath.Dir(program), mayRun}, // holds this program and nothing else
		{folder, mayOwn},
		{sockets, mayListen},
	}
	add := func(rights uint64, paths ...string) {
		for _, path := range paths {
			if filepath.IsAbs(path) {
				rules = append(rules, rule{path, rights})
			}
		}
	}

	add(mayUse, devices...)
	add(mayRead, readable...)
	add(mayRead, os.Getenv("SSL_CERT_FILE"))
	add(mayRead, filepath.SplitList(os.Getenv("SSL_CERT_DIR"))...)
	if !completeInItself(program) {
		add(mayRun, systemPrograms...)
		add(mayRead, systemReadable...)
		add(mayTalk, nameServices...)
	}

	return rules
}

// completeInItself reports whether a program is a statically linked one, which
// needs no other file to run. A program that cannot be read is not.
func completeInItself(program string) bool {
	file, err := elf.Open(program)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // it was only read

	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			return false
		}
	}

	return true
}

// identities returns a text that tells files apart, also from others that are
// put in their place.
func identities(paths []string) string {
	var text strings.Builder
	for _, path := range paths {
		var stat unix.Stat_t
		if unix.Stat(path, &stat) == nil {
			fmt.Fprintf(&text, "%s is %d of %d; ", path, stat.Ino, stat.Dev)
		}
	}
	return text.String()
}
