package release

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// copyExactly copies a part whose content is at hand, and fails when it is not
// what the manifest says.
func copyExactly(to io.Writer, from io.Reader, part Part) error {
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(to, hash), io.LimitReader(from, part.Size+1))
	if err != nil {
		return err
	}
	if size != part.Size || hex.EncodeToString(hash.Sum(nil)) != part.SHA256 {
		return fmt.Errorf("%s has changed while it was being published; try again", part.File)
	}
	return nil
}

// writeFile writes a new file to the disk, or leaves none.
func writeFile(path string, mode os.FileMode, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Chmod(mode), file.Sync(), file.Close())
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func writeText(path string, text []byte) error {
	return writeFile(path, 0o644, func(to io.Writer) error {
		_, err := to.Write(text)
		return err
	})
}

// syncFolder makes the names in a folder last. Windows keeps them by itself, and
// cannot open a folder for that.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
