//go:build !linux

package faults

import "errors"

func mount(string, int, string) error { return errors.New("disks are made on Linux only") }

func unmount(string) error { return nil }
