//go:build linux

package plugin_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/payhost/payhost/host/internal/plugin"
)

// beHost is a host in a process of its own: it starts the plugin, says its id,
// and waits to be killed.
func beHost() {
	if os.Getenv("PLUGIN_TEST_CONTAINER") != "" {
		exitOn(plugin.ForbidLikeAContainer())
	}
	data, plugins := os.Getenv("PLUGIN_TEST_HOST"), os.Getenv("PLUGIN_TEST_PLUGINS")
	w, err := plugin.OpenWorkspace(data)
	exitOn(err)
	b, err := plugin.NewCatalog(plugins, w).Find("actor", "", "")
	exitOn(err)

	p, err := plugin.Start(
		context.Background(),
		plugin.Spec{Binary: b, Workspace: w, Logger: slog.New(slog.DiscardHandler)},
	)
	exitOn(err)
	fmt.Println("plugin", p.PID())
	fmt.Println(
		strings.Join(p.Isolation().InForce, ", "),
		"missing",
		strings.Join(p.Isolation().Missing, "; "),
	)

	if text, _ := os.ReadFile(filepath.Join(data, "plugins", "actor", "script")); string(
		text,
	) == "undumpable" {
		awaitHidden(p.PID())
	}

	fmt.Println(plugin.MemoryOf(p.PID()))

	waitForKill()
}

// awaitHidden waits until what is in a process's memory cannot be read.
func awaitHidden(pid int) {
	for {
		if _, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid)); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func waitForKill() { select {} }

func exitOn(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

// otherHost starts a host that shares the stage's folders and gives its command
// and its plugin's process id.
func (s *stage) otherHost() (*exec.Cmd, int) {
	s.t.Helper()
	cmd, out := s.startHost()
	var pid int
	line, err := bufio.NewReader(out).ReadString('\n')
	if _, scanErr := fmt.Sscanf(line, "plugin %d", &pid); err != nil || scanErr != nil {
		s.t.Fatalf("the other host said %q, %v", strings.TrimSpace(line), err)
	}
	return cmd, pid
}

// startHost does not wait until the plugin has come up.
func (s *stage) startHost() (*exec.Cmd, io.Reader) {
	s.t.Helper()
	return s.startHostAs(nil)
}

// startHostAs starts it with what the attributes say, such as another user.
func (s *stage) startHostAs(as *syscall.SysProcAttr) (*exec.Cmd, io.Reader) {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}

	if as != nil && as.Credential != nil { // the file lies where nobody else may pass
		open := filepath.Join(openFolder(s.t), "host")
		text, err := os.ReadFile(self)
		if err == nil {
			err = os.WriteFile(open, text, 0o755)
		}

		if err != nil {
			s.t.Fatal(err)
		}
		self = open
	}

	cmd := exec.Command(self)
	cmd.SysProcAttr = as
	cmd.Env = append(
		os.Environ(),
		"PLUGIN_TEST_HOST="+s.data,
		"PLUGIN_TEST_PLUGINS="+s.plugins,
	)
	if s.container {
		cmd.Env = append(cmd.Env, "PLUGIN_TEST_CONTAINER=1")
	}

	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}

	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if w, err := plugin.OpenWorkspace(s.data); err == nil { // it removes what was left
			_ = w.Close()
		}
	})

	return cmd, out
}

// A plugin that stands still does not look whether its host is there: here it
// is one that has not come as far as to look.
//
// go-plugin trap 18: a plugin outlives a killed host, or dies with a thread of
// a living one.
func TestPluginDiesWithAHostThatIsKilled(t *testing.T) {
	s := newStage(t)
	s.script("hang")
	host, _ := s.startHost()
	pid := 0
	eventually(t, "the plugin runs", func() bool {
		text, _ := os.ReadFile(filepath.Join(s.data, "plugins", "actor", "pid"))
		pid, _ = strconv.Atoi(string(text))
		return pid != 0
	})

	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	if !running(pid) {
		t.Fatal("the plugin does not run")
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the plugin is gone", func() bool { return !running(pid) })
}

// go-plugin trap 23: sockets lie in /tmp and stay behind.
func TestNextHostRemovesWhatAKilledOneLeftAndNothingElse(t *testing.T) {
	s := newStage(t)
	living := s.folders()
	host, _ := s.otherHost()
	if len(s.folders()) != len(living)+1 {
		t.Fatalf("folders: %s", s.folders())
	}

	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	w, err := plugin.OpenWorkspace(s.data)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()

	after := s.folders()
	if len(after) != len(living)+1 {
		t.Errorf("folders: %s", after)
	}
	s.start() // this stage's workspace is whole
}

// folders returns the private folders of all hosts.
func (s *stage) folders() []string {
	s.t.Helper()
	entries, err := os.ReadDir(s.data + "/run")
	if err != nil {
		s.t.Fatal(err)
	}

	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}

	return names
}

// go-plugin trap 23: sockets lie in /tmp and stay behind.
func TestLongDataDirStillHasRoomForSockets(t *testing.T) {
	s := newStage(t)
	s.data = s.data + "/" + strings.Repeat("long", 30)
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		t.Fatal(err)
	}

	temp, err := os.MkdirTemp("/tmp", "s")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(temp)

	t.Setenv("TMPDIR", temp)
	host, _ := s.otherHost()
	short, _ := os.ReadDir(temp)
	if len(short) != 1 {
		t.Fatalf("short folders: %v", short)
	}

	_ = host.Process.Kill()
	_ = host.Wait()
	w, err := plugin.OpenWorkspace(s.data)
	if err != nil {
		t.Fatal(err)
	}

	if after, _ := os.ReadDir(temp); len(after) != 1 || after[0].Name() == short[0].Name() {
		t.Errorf("a killed host's short folder stayed: %v", after)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	if after, _ := os.ReadDir(temp); len(after) != 0 {
		t.Errorf("left behind: %v", after)
	}
}

// A plugin ends with its host, what it has started does not know of that.
func TestNextHostEndsWhatAKilledOnesPluginsHaveStarted(t *testing.T) {
	s := newStage(t)
	s.script("daemon")
	host, pid := s.otherHost()
	text, err := os.ReadFile(filepath.Join(s.data, "plugins", "actor", "child"))
	child, _ := strconv.Atoi(string(text))
	if err != nil || !running(child) {
		t.Fatal(child, err)
	}

	s.script("")
	own := s.start()
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}

	_ = host.Wait()
	eventually(t, "the plugin is gone", func() bool { return !running(pid) })
	if !running(child) {
		t.Error("the child is gone by itself: there is nothing to see here")
	}

	w, err := plugin.OpenWorkspace(s.data)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()

	eventually(t, "the child is gone", func() bool { return !running(child) })
	if _, err := own.Client().Info(context.Background()); err != nil {
		t.Errorf("another host's plugin: %v", err)
	}
}

// A mark is a limit, and whoever runs as the host's user may set it on any
// process of that user: on the host, to have it end itself, or on a database.
func TestHostKillsNeitherItselfNorOthersForAMark(t *testing.T) {
	s := newStage(t)
	other := bystander(t)
	if err := s.workspace.Mark(other); err != nil {
		t.Fatal(err)
	}

	// In a host of its own: the mark stays on the process.
	host, _ := s.otherHost()
	for _, pid := range []int{host.Process.Pid, other} {
		if err := s.workspace.Mark(pid); err != nil {
			t.Fatal(err)
		}
	}

	if err := s.workspace.KillMarked(); err != nil {
		t.Error(err)
	}

	for _, pid := range []int{host.Process.Pid, other} {
		if !running(pid) {
			t.Errorf("process %d was killed", pid)
		}
	}
}

// openFolder makes a folder that every user may pass.
func openFolder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "o")
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}

	return folder
}

// readable copies a folder's files to where every user may read them.
func (s *stage) readable(folder string) string {
	s.t.Helper()
	to := openFolder(s.t)
	if err := os.CopyFS(to, os.DirFS(folder)); err != nil {
		s.t.Fatal(err)
	}
	return to
}

// What the host has in its inheritable set, as one that was started by a
// container engine may, root's programs would have too, whatever the bounding
// set says.
func TestPluginInheritsNoCapabilities(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log(
			"only root can hand down what it may do: there is nothing to keep from a plugin",
		)
		return
	}

	s := newStage(t)

	// To hand them down by way of the ambient set is to have them in the
	// inheritable one.
	_, out := s.startHostAs(
		&syscall.SysProcAttr{
			AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN},
		},
	)
	var pid int
	if _, err := fmt.Fscanf(out, "plugin %d\n", &pid); err != nil {
		t.Fatal(err)
	}

	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	passing := uint64(1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH)

	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapAmb"} {
		_, after, _ := strings.Cut(string(status), set+":")
		value, err := strconv.ParseUint(
			strings.TrimSpace(strings.SplitN(after, "\n", 2)[0]),
			16,
			64,
		)
		if err != nil || value&^passing != 0 {
			t.Errorf("%s is %x, %v", set, value, err)
		}
	}
}

// A host of an ordinary user has no capability and no folder of root's, and
// makes no namespaces. Most hosts are that.
func TestHostOfAnOrdinaryUserConfinesItsPlugins(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("all tests are run as an ordinary user: nothing else to try")
		return
	}

	want := newStage(t).start().Isolation().InForce
	said, memory := newStageIn(t, openFolder(t)).saidByNobodysHost(t)
	inForce, _, _ := strings.Cut(said, " missing ")

	for _, measure := range want {
		if !strings.Contains(inForce, measure) {
			t.Errorf("no %q in %s", measure, inForce)
		}
	}

	if memory < leastMemory {
		t.Errorf("its plugin is said to use %d bytes of memory", memory)
	}
}

// leastMemory is less than any plugin uses, in bytes.
const leastMemory = 1 << 20

// Where an ordinary user's host cannot read how much of its memory a process
// shares, because the process is not dumpable, all of it counts.
func TestPluginThatHidesItsMemoryIsStillMeasured(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can become another user")
		return
	}

	s := newStageIn(t, openFolder(t))
	s.script("undumpable")
	if _, memory := s.saidByNobodysHost(t); memory < leastMemory {
		t.Errorf("its plugin is said to use %d bytes of memory", memory)
	}
}

// A container engine's own filter refuses namespaces, mounts, and to take files
// out of processes.
func TestHostInAContainerConfinesItsPlugins(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can become the user that containers have")
		return
	}

	ofRoot := newStage(t)
	if !filtered(t, ofRoot) {
		return
	}
	s := newStageIn(t, openFolder(t))
	s.container = true
	said, _ := s.saidByNobodysHost(t)
	inForce, missing, _ := strings.Cut(said, " missing ")

	for _, measure := range ofRoot.start().Isolation().InForce {
		name, _, byHost := strings.Cut(measure, " (the host")
		switch {
		case byHost:
			if !strings.Contains(missing, name+": ") ||
				!strings.Contains(missing, "pidfd_getfd") {
				t.Errorf("missing: %s", missing)
			}
		case !strings.Contains(inForce, measure):
			t.Errorf("no %q in %s", measure, inForce)
		}
	}
}

// saidByNobodysHost starts a host of an ordinary user and returns what it says
// of its plugin's isolation and memory.
func (s *stage) saidByNobodysHost(t *testing.T) (isolation string, memory int64) {
	t.Helper()
	const nobody = 65534
	if err := os.Chmod(s.plugins, 0o755); err != nil {
		t.Fatal(err)
	}

	own := filepath.Join(s.data, "own")
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(s.data, "plugins")); err == nil { // it has a script
		if err := os.Rename(filepath.Join(s.data, "plugins"), filepath.Join(own, "plugins")); err != nil {
			t.Fatal(err)
		}
	}

	giveAway := func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, nobody, nobody))
	}
	if err := filepath.WalkDir(own, giveAway); err != nil {
		t.Fatal(err)
	}

	s.data, s.plugins = own, s.readable(s.plugins)
	_, out := s.startHostAs(
		&syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}},
	)

	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "plugin ") {
		t.Fatalf("the host said %q, %v", first, err)
	}

	isolation, err = lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscanln(lines, &memory); err != nil {
		t.Fatal(err)
	}

	return isolation, memory
}
