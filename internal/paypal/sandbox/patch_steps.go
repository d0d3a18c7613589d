package sandbox

import (
	"encoding/json"
	"slices"
)

// patch reads the steps of a patch: what is patched decides which of them are allowed.
func (c *call) patch() ([]patchStep, error) {
	if len(c.body) == 0 {
		check := &checker{op: c.op}
		check.bad("", "", "MISSING_REQUEST_BODY")
		return nil, check.problem()
	}
	var raw []json.RawMessage
	if err := decodeOne(c.body, &raw); err != nil {
		return nil, malformed(c.op)
	}
	check := &checker{op: c.op}
	var steps []patchStep
	for _, text := range raw {
		var object map[string]any
		if decodeOne(text, &object) != nil {
			return nil, malformed(c.op)
		}
		step := patchStep{
			Op: check.text(object, "", "op", textRule{required: true, oneOf: []string{
				"add", "remove", "replace", "move", "copy", "test",
			}}),
			Path: check.text(object, "", "path", textRule{}), Value: object["value"],
		}
		if slices.ContainsFunc(steps, func(s patchStep) bool { return s.Path == step.Path }) {
			check.bad(step.Path, "", "INVALID_PATCH_PATH")
		}
		steps = append(steps, step)
	}
	if p := check.problem(); p != nil {
		return nil, p
	}
	return steps, nil
}
