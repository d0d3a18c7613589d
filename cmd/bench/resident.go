package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

var residentLine = regexp.MustCompile(`(?m)^VmRSS:\s+([0-9]+) kB$`)

// resident is the process's memory in MB: its resident set, shared pages of the program included.
func (p *process) resident() (float64, error) {
	pid := strconv.Itoa(p.cmd.Process.Pid)
	if runtime.GOOS != "linux" {
		out, err := exec.Command("ps", "-o", "rss=", "-p", pid).Output() //nolint:gosec,noctx // our own child; it does not wait
		if err != nil {
			return 0, fmt.Errorf("ask ps for the memory of %s: %w", p.name, err)
		}
		kb, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		return kb * 1024 / 1e6, err
	}
	text, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0, err
	}
	return readResident(text)
}

func readResident(status []byte) (float64, error) {
	found := residentLine.FindSubmatch(status)
	if found == nil {
		return 0, fmt.Errorf("no VmRSS in the process's status")
	}
	kb, err := strconv.ParseFloat(string(found[1]), 64)
	return kb * 1024 / 1e6, err
}
