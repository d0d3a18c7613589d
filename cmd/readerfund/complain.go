package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"readerfund/internal/fault"
)

// misuse prints what is wrong with a command line, and the alternatives, as far as the line could be parsed.
func misuse(w io.Writer, at *kong.Node, err error) {
	fmt.Fprintf(w, "readerfund: %v\n", err)
	if parse, ok := errors.AsType[*kong.ParseError](err); ok {
		if selected := parse.Context.Selected(); selected != nil {
			at = selected
		}
	}
	line, what, names := strings.Join(strings.Fields("readerfund "+at.Summary()), " "), "commands", []string{}
	for _, child := range at.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	if at.Leaf() {
		what = "flags"
		for _, flag := range at.Flags {
			if len(flag.Envs) == 0 { // the settings are in its help
				names = append(names, "--"+flag.Name)
			}
		}
	}
	fmt.Fprintf(w, "usage: %s\n", line)
	if len(names) > 0 {
		fmt.Fprintf(w, "%s: %s\n", what, strings.Join(names, ", "))
	}
	fmt.Fprintf(w, "%s --help explains it.\n", at.FullPath())
}

// spelled is a field as it is written on the command line: a flag, an argument, or else the name of a setting.
func spelled(command *kong.Node, field string) string {
	if slices.ContainsFunc(command.Flags, func(f *kong.Flag) bool { return f.Name == field }) {
		return "--" + field
	}
	if slices.ContainsFunc(command.Positional, func(a *kong.Value) bool { return a.Name == field }) {
		return "<" + field + ">"
	}
	return field
}

// complain prints what went wrong, one line for each fault, and returns the exit status: invalid input counts as wrong
// usage.
func complain(w io.Writer, command *kong.Node, err error) int {
	faults := fault.All(err)
	if len(faults) == 0 {
		fmt.Fprintln(w, "readerfund:", err)
		return exitFailed
	}
	usage := true
	for _, f := range faults {
		place := ""
		if f.Field != "" {
			place = spelled(command, f.Field) + ": "
		}
		fmt.Fprintf(w, "readerfund: %s%s\n", place, f.Message)
		if f.Err != nil {
			fmt.Fprintf(w, "  because: %v\n", f.Err)
		}
		usage = usage && f.Kind == fault.Invalid
	}
	if usage {
		return exitUsage
	}
	return exitFailed
}
