package main

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// commandNodes are all commands that do something, the hidden one too, as the parser has them.
func commandNodes(t *testing.T) []*kong.Node {
	t.Helper()
	parser, err := newParser(t.Context(), streams{nil, &bytes.Buffer{}, &bytes.Buffer{}}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Leaves(false)
}

// flagsOf are a command's flags, and settingsOf the settings among them.
func flagsOf(command *kong.Node) (names []string) {
	for _, group := range command.AllFlags(false) {
		for _, flag := range group {
			names = append(names, "--"+flag.Name)
		}
	}
	slices.Sort(names)
	return names
}

func settingsOf(command *kong.Node) (names []string) {
	for _, flag := range command.Flags {
		names = append(names, flag.Envs...)
	}
	slices.Sort(names)
	return names
}

var (
	flagLine    = regexp.MustCompile(`(?m)^ {2,}(?:-\w, )?(--[\w-]+)`)
	settingName = regexp.MustCompile(`\(\$(\w+)\)`)
	complaint   = regexp.MustCompile(`(?m)^(?:readerfund: |FAIL  settings  )([A-Z_]+): `)
)

// found are what a pattern's first group finds, each once.
func found(pattern *regexp.Regexp, in string) []string {
	var all []string
	for _, m := range pattern.FindAllStringSubmatch(in, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestHelpOfACommandNamesWhatItTakesAndNothingElse(t *testing.T) {
	t.Parallel()
	overview := strings.Join(strings.Fields(readerfund(t, "", "--help").out), " ")
	for _, command := range commandNodes(t) {
		path := command.Path()
		got := readerfund(t, "", append(strings.Fields(path), "--help")...)
		got.wants(t, 0, "Usage: readerfund "+path)
		if listed := found(flagLine, got.out); !slices.Equal(listed, flagsOf(command)) {
			t.Errorf("%s: help lists\n%v\nand it takes\n%v", path, listed, flagsOf(command))
		}
		if listed := found(settingName, got.out); !slices.Equal(listed, settingsOf(command)) {
			t.Errorf("%s: help lists\n%v\nand it reads\n%v", path, listed, settingsOf(command))
		}
		for _, argument := range command.Positional {
			if !strings.Contains(got.out, "<"+argument.Name+">") || argument.Help == "" {
				t.Errorf("%s: the argument %s is not explained", path, argument.Name)
			}
		}
		if !command.Hidden && !strings.Contains(overview, path+" "+command.Help) {
			t.Errorf("readerfund --help does not say of %s: %s", path, command.Help)
		}
	}
}

// Every setting is missing, wrong in one way or wrong in another: what a command complains of are the settings it
// reads, and they must be those in its help. It changes the environment, so it runs alone.
func TestACommandReadsTheSettingsInItsHelpAndNoOthers(t *testing.T) { //nolint:paralleltest // see above
	commands := commandNodes(t)
	named := map[string]map[string]bool{}
	for _, wrong := range []string{"", "\x01", "WEBHOOK_ID"} {
		for _, command := range commands {
			for _, setting := range settingsOf(command) {
				t.Setenv(setting, wrong)
			}
		}
		for _, command := range commands {
			path := command.Path()
			if named[path] == nil {
				named[path] = map[string]bool{}
			}
			for _, line := range shortestAndLongest(command) {
				got := readerfund(t, "", line...)
				for _, setting := range found(complaint, got.out+got.err) {
					named[path][setting] = true
				}
			}
		}
	}
	for _, command := range commands {
		path := command.Path()
		if read := slices.Sorted(maps.Keys(named[path])); !slices.Equal(read, settingsOf(command)) {
			t.Errorf("%s reads\n%v\nand its help names\n%v", path, read, settingsOf(command))
		}
	}
}

// shortestAndLongest are command lines without and with the arguments that may be left out.
func shortestAndLongest(command *kong.Node) [][]string {
	shortest := strings.Fields(command.Path())
	for _, flag := range command.Flags {
		if flag.Required {
			shortest = append(shortest, "--"+flag.Name+valueFor(flag.Value))
		}
	}
	longest := slices.Clone(shortest)
	for _, argument := range command.Positional {
		value := strings.TrimPrefix(valueFor(argument), "=")
		longest = append(longest, value)
		if argument.Required {
			shortest = append(shortest, value)
		}
	}
	return [][]string{shortest, longest}
}

func valueFor(v *kong.Value) string {
	switch {
	case v.IsBool():
		return ""
	case v.Enum != "":
		return "=" + v.EnumSlice()[0]
	default:
		return "=x"
	}
}

func TestWrongUsageNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	for line, words := range map[string][]string{
		"": {"serve, migrate, staff, webhook, inbox, reconcile, report, supporter, mail, doctor",
			"readerfund --help"},
		"fly":          {"unexpected argument fly", "serve, migrate,", "readerfund --help"},
		"repot totals": {`did you mean "report"`},
		"report":       {"commands: totals, contributions"},
		"report sums": {"unexpected argument sums", "commands: totals, contributions",
			"readerfund report --help"},
		"report totals --kampaign x":     {`did you mean "--campaign"`, "--from, --to, --campaign"},
		"report totals 2026":             {"unexpected argument 2026", "usage: readerfund report totals [flags]"},
		"migrate up --paypal-api-base x": {"unknown flag --paypal-api-base"},
		"staff role ada@example.org":     {"<role>", "usage: readerfund staff role <email> <role>"},
		"inbox list --limit many":        {"--limit", "many"},
		"report totals --from 31.1.":     {"--from: ", "2026-11-30"},
		"inbox list --limit -1":          {"--limit"},
	} {
		got := readerfund(t, "", strings.Fields(line)...)
		got.wants(t, exitUsage, words...)
		if strings.Contains(got.err, "healthcheck") {
			t.Errorf("%q: a hidden command is shown", line)
		}
	}
}
