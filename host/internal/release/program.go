package release

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// program is what the bytes of a program tell without running it.
type program struct {
	path     string
	platform string // "": the file is no program that this reads, such as a script
	sum      string
	size     int64
	build    *debug.BuildInfo // nil: it is not a Go program
}

// inspect reads a program's headers and hashes it.
func inspect(path string) (*program, error) {
	file, err := openRegular(path, maxProgram)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read

	found := &program{path: path, platform: platformOf(file)}
	if build, err := buildinfo.Read(file); err == nil {
		found.build = build
		if noted := setting(build, "GOOS") + "/" + setting(build, "GOARCH"); noted != "/" {
			found.platform = noted
		}
	}

	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	hash := sha256.New()
	if found.size, err = io.Copy(hash, file); err != nil {
		return nil, err
	}
	found.sum = hex.EncodeToString(hash.Sum(nil))

	return found, nil
}

// openRegular opens a file that has at most limit bytes.
func openRegular(path string, limit int64) (*os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}

	info, err := file.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s is not a regular file", path)
	case info.Size() > limit:
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	default:
		return file, nil
	}

	_ = file.Close() // nothing was read
	return nil, err
}

// readDocument returns the content of a file of at most limit bytes.
func readDocument(path string, limit int64) ([]byte, error) {
	file, err := openRegular(path, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read

	// A file may grow while it is read.
	var text bytes.Buffer
	if size, err := io.Copy(&text, io.LimitReader(file, limit+1)); err != nil {
		return nil, err
	} else if size > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return text.Bytes(), nil
}

func setting(build *debug.BuildInfo, key string) string {
	for _, setting := range build.Settings {
		if setting.Key == key {
			return setting.Value
		}
	}
	return ""
}

// platformOf returns the platform of an executable by its headers; "" when it is
// none of those known.
func platformOf(file io.ReaderAt) string {
	if linux, err := elf.NewFile(file); err == nil {
		// Linux programs rarely say so: most have the number 0 of System V.
		if linux.OSABI != elf.ELFOSABI_NONE && linux.OSABI != elf.ELFOSABI_LINUX {
			return ""
		}
		return join("linux", map[elf.Machine]string{
			elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_386: "386",
			elf.EM_ARM: "arm", elf.EM_RISCV: "riscv64", elf.EM_S390: "s390x",
		}[linux.Machine])
	}

	if darwin, err := macho.NewFile(file); err == nil {
		return join("darwin", map[macho.Cpu]string{
			macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64",
		}[darwin.Cpu])
	}

	if windows, err := pe.NewFile(file); err == nil {
		return join("windows", map[uint16]string{
			pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64",
		}[windows.Machine])
	}

	return ""
}

func join(system, machine string) string {
	if machine == "" {
		return ""
	}
	return system + "/" + machine
}

// PlatformOf returns the platform and the path of a program that is named as
// Contents.Programs are. The platform is empty when neither the name nor the file
// shows it.
func PlatformOf(named string) (platform, path string, err error) {
	platform, path, _ = cutPlatform(named)
	if platform != "" {
		return platform, path, nil
	}
	found, err := inspect(path)
	if err != nil {
		return "", path, err
	}
	return found.platform, path, nil
}

// Sum returns the sha256 of a program, in lower-case hexadecimal.
func Sum(path string) (string, error) {
	found, err := inspect(path)
	if err != nil {
		return "", err
	}
	return found.sum, nil
}
