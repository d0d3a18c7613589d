package config_test

import (
	"maps"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"readerfund/internal/config"
)

// composed is docker-compose.yml, as far as it is about us.
type composed struct {
	Services map[string]struct {
		Environment map[string]string
		Ports       []string
		Volumes     []string
		DependsOn   map[string]any `yaml:"depends_on"`
	}
	Volumes map[string]any
}

// What docker-compose.yml sets are settings, with values the service starts with; the servers that they name, the
// services that others wait for and the volumes are in the file, and no two of them take the same port of the machine.
func TestComposedDemo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file composed
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var taken []string
	for name, service := range file.Services {
		for other := range service.DependsOn {
			if _, there := file.Services[other]; !there {
				t.Errorf("%s waits for %s, which is not there", name, other)
			}
		}
		for _, mount := range service.Volumes {
			volume, _, _ := strings.Cut(mount, ":")
			if _, there := file.Volumes[volume]; !there {
				t.Errorf("%s has the volume %s, which is not there", name, volume)
			}
		}
		for _, port := range service.Ports {
			outside := port[:strings.LastIndex(port, ":")]
			if !strings.HasPrefix(outside, "127.0.0.1:") || slices.Contains(taken, outside) {
				t.Errorf("%s listens on %s: not on this machine alone, or taken", name, outside)
			}
			taken = append(taken, outside)
		}
	}
	environment := file.Services["readerfund"].Environment
	for _, setting := range []string{"DATABASE_URL", "SMTP_URL"} {
		server, err := url.Parse(environment[setting])
		if err != nil {
			t.Fatal(err)
		}
		if _, there := file.Services[server.Hostname()]; !there {
			t.Errorf("%s names %q, which is not there", setting, server.Hostname())
		}
	}
	if _, err := composedSettings(t, environment).Parse(config.NeedServe); err != nil {
		t.Error(err)
	}
}

// composedSettings fills the settings as the environment of a container would, and fails on names that are none.
func composedSettings(t *testing.T, environment map[string]string) (s config.Settings) {
	t.Helper()
	byDefault := regexp.MustCompile(`\$\{\w+:-([^}]*)\}`)
	environment = maps.Clone(environment)
	v := reflect.ValueOf(&s).Elem()
	for _, field := range reflect.VisibleFields(v.Type()) {
		name := field.Tag.Get("env")
		if value, there := environment[name]; there {
			v.FieldByIndex(field.Index).SetString(byDefault.ReplaceAllString(value, "$1"))
			delete(environment, name)
		}
	}
	if len(environment) > 0 {
		t.Errorf("no settings of ours: %v", slices.Sorted(maps.Keys(environment)))
	}
	s.PayPalWebhookID = "1JE4291016473214C" // which --register-webhook finds out
	s.PayPalWebhookCAFile = ""              // which the sandbox writes before the service starts
	return s
}
