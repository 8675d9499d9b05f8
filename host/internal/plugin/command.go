package plugin

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
)

// passedOn are the variables of the host's environment that a plugin gets, when
// they are set: time zone, language, and where trusted certificates are.
// Everything else, above all secrets, stays with the host.
var passedOn = []string{"TZ", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR"}

// command returns the command of a plugin's process, with its folder and
// environment. env is what go-plugin adds to the environment.
func command(spec Spec, folder string, env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(spec.Binary.copied, args...)
	cmd.Dir = folder
	cmd.Env = append(environment(spec, folder), env...)
	cmd.Stdin = nil // the null device, not the host's
	cmd.SysProcAttr = isolation()
	return cmd
}

func environment(spec Spec, folder string) []string {
	env := []string{
		"HOME=" + folder,
		"TMPDIR=" + folder,
		"PATH=/usr/local/bin:/usr/bin:/bin",
		fmt.Sprintf("GOMEMLIMIT=%d", memoryLimit(spec)),
		// A container's share of the processors is read from files that a
		// plugin does not reach.
		fmt.Sprintf("GOMAXPROCS=%d", runtime.GOMAXPROCS(0)),
		"GOGC=" + cmp.Or(os.Getenv(gcVariable), strconv.Itoa(collectAt)),
	}

	if runtime.GOOS == "windows" {
		env = append(env[3:],
			"TEMP="+folder,
			"TMP="+folder,
			"SystemRoot="+os.Getenv("SystemRoot"))
	}

	for _, name := range passedOn {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}

	return env
}

// memoryLimit returns the soft limit in bytes.
func memoryLimit(spec Spec) int64 {
	if spec.MemoryLimit <= 0 {
		return defaultMemory
	}
	return spec.MemoryLimit
}
