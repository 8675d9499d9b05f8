package plugin

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// defaultMemory is the soft limit of a plugin's Go heap: an idle one needs 5 MB of its own.
const defaultMemory = 256 << 20

// passedOn are the variables of the host's environment that a plugin gets to see, when they are set: where it is, and
// whom to trust. Everything else, above all secrets, stays with the host.
var passedOn = []string{"TZ", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "GOMAXPROCS"}

// command is the one place that decides how a plugin's process is run: what it may see and do is set here. env is what
// go-plugin needs it to have.
func command(spec Spec, folder string, env []string) *exec.Cmd {
	cmd := exec.Command(spec.Binary.copied)
	cmd.Dir = folder
	cmd.Env = append(environment(spec, folder), env...)
	cmd.Stdin = nil // the null device, not the host's
	cmd.SysProcAttr = isolation()
	return cmd
}

func environment(spec Spec, folder string) []string {
	memory := spec.MemoryLimit
	if memory <= 0 {
		memory = defaultMemory
	}
	env := []string{
		"HOME=" + folder,
		"TMPDIR=" + folder,
		"PATH=/usr/local/bin:/usr/bin:/bin",
		fmt.Sprintf("GOMEMLIMIT=%d", memory),
	}
	if runtime.GOOS == "windows" {
		env = append(env[:0], "TEMP="+folder, "TMP="+folder, "SystemRoot="+os.Getenv("SystemRoot"), env[3])
	}
	for _, name := range passedOn {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
