package main

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// processorTime is what the process has used so far, user and system: fields 14 and 15 of proc_pid_stat(5). On other
// systems than Linux it is 0.
func (p *process) processorTime() (time.Duration, error) {
	if runtime.GOOS != "linux" {
		return 0, nil
	}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0, err
	}
	return readProcessorTime(string(text))
}

// ticks are the system's clock ticks a second, which Linux gives to all programs as 100 (USER_HZ).
const ticks = 100

func readProcessorTime(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:]) // the program's name may have spaces
	if len(fields) < 13 {
		return 0, errors.New("no process status")
	}
	user, errUser := strconv.Atoi(fields[11])
	system, errSystem := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticks, errors.Join(errUser, errSystem)
}
