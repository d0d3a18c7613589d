package faults

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// mount puts a disk of that size, in memory, over the folder, and gives it to the owner of the other path. Only root
// may.
func mount(folder string, megabytes int, like string) error {
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("files have no owner here")
	}
	return syscall.Mount(
		"tmpfs",
		folder,
		"tmpfs",
		0,
		fmt.Sprintf("size=%dm,mode=0700,uid=%d,gid=%d", megabytes, owner.Uid, owner.Gid),
	)
}

func unmount(folder string) error { return syscall.Unmount(folder, 0) }
