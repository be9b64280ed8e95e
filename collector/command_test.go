package collector_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestCommandsSayWhatTheyAreAskedFor(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--help"}, []string{"http://localhost:3300", "Available Commands", "--data-dir"}},
		{[]string{"agent", "--help"}, []string{"queue on disk", "--endpoint"}},
		{[]string{"demo", "--help"}, []string{"--rate"}},
		{[]string{"version"}, []string{"heddle ", "commit", "go1.", "components  21"}},
		{[]string{"validate"}, []string{"the embedded default: valid"}},
		{[]string{"print-config"}, []string{"# What heddle runs with", "heddlestore:"}},
		{[]string{"print-config", "--agent"}, []string{"${env:HEDDLE_ENDPOINT}"}},
		{[]string{"print-config", "--set", "extensions.heddle_storage.directory=''"}, []string{"max_bytes: 512MiB"}},
		{[]string{"print-config", "--set", "receivers.zipkin.endpoint=0.0.0.0:1"}, []string{"endpoint: 0.0.0.0:1", "retry_after: 1s", "max_bytes: 128MiB", "directory: ./heddle-data", "durability: sync", "max_age: 336h0m0s"}},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			r := run(t, c.args...)
			if r.code != 0 || r.stderr != "" {
				t.Errorf("exit code %d, stderr %q", r.code, r.stderr)
			}
			for _, want := range c.want {
				if !strings.Contains(r.stdout, want) {
					t.Errorf("%q is not in the output:\n%s", want, r.stdout)
				}
			}
		})
	}
}

func TestComponents(t *testing.T) {
	table := run(t, "components")
	golden(t, "components.txt", table.stdout)

	var parsed map[string][]struct {
		Type      string
		Stability map[string]string
	}
	list := run(t, "components", "--output", "yaml")
	if err := yaml.Unmarshal([]byte(list.stdout), &parsed); err != nil {
		t.Fatal(err)
	}
	if n := len(parsed["receivers"]); n != 3 || parsed["receivers"][1].Stability["traces"] != "stable" {
		t.Errorf("receivers: %+v", parsed["receivers"])
	}
}

func TestUsageErrorsExitWith2(t *testing.T) {
	for _, args := range [][]string{
		{"frobnicate"},
		{"--frobnicate"},
		{"run", "extra"},
		{"demo", "extra"},
		{"validate", "--set", "novalue"},
		{"components", "--output", "xml"},
		{"run", "--log-format", "xml"},
		{"agent"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			r := run(t, args...)
			if r.code != 2 || !strings.HasPrefix(r.stderr, "heddle: ") || !strings.Contains(r.stderr, "heddle --help") {
				t.Errorf("exit code %d, stderr %q", r.code, r.stderr)
			}
		})
	}
}

// What print-config writes must be a configuration that does the same.
func TestPrintedConfigIsValid(t *testing.T) {
	inMemory := []string{"print-config", "--resolved", "--set", "extensions.heddle_storage.directory=''"}
	for _, args := range [][]string{{"print-config"}, {"print-config", "--resolved"}, inMemory} {
		printed := run(t, args...)
		file := writeFile(t, filepath.Join(t.TempDir(), "heddle.yaml"), printed.stdout)
		if r := run(t, "validate", "--config", file); r.code != 0 {
			t.Errorf("%v: %s", args, r.stderr)
		}
	}
}

// Every file in testdata/invalid is a configuration that must be refused, with
// the message beside it.
func TestConfigErrorsNamePlaceAndRemedy(t *testing.T) {
	files, err := filepath.Glob("testdata/invalid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			absolute, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			r := run(t, "validate", "--config", absolute)
			if r.code != 1 {
				t.Errorf("exit code %d", r.code)
			}
			golden(t, "invalid/"+strings.TrimSuffix(filepath.Base(file), ".yaml")+".txt", r.stderr)
		})
	}
}

func TestMissingConfigFile(t *testing.T) {
	r := run(t, "run", "--config", "/nowhere/heddle.yaml")
	want := "heddle: cannot read the configuration file /nowhere/heddle.yaml: no such file or directory: check the path given with --config\n"
	if r.code != 1 || r.stderr != want {
		t.Errorf("exit code %d, stderr %q", r.code, r.stderr)
	}
}

func TestUnwritableDataDirectory(t *testing.T) {
	file := writeFile(t, filepath.Join(t.TempDir(), "file"), "")
	r := run(t, "--data-dir", filepath.Join(file, "data"))
	if r.code != 1 || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, "cannot write to the data directory "+file) || !strings.Contains(r.stderr, "--data-dir") {
		t.Errorf("exit code %d, stderr %q", r.code, r.stderr)
	}
}

func TestEnvironmentIsExpanded(t *testing.T) {
	file := writeFile(t, filepath.Join(t.TempDir(), "heddle.yaml"), `
receivers: {zipkin: {endpoint: "${env:TEST_HOST}:${env:TEST_PORT:-9411}"}}
exporters: {debug: }
service: {pipelines: {traces: {receivers: [zipkin], exporters: [debug]}}}
`)
	cmd := heddleCommand(t, "print-config", "--config", file)
	cmd.Env = append(cmd.Env, "TEST_HOST=mesh.example", "PATH="+os.Getenv("PATH"))
	if r := runCommand(t, cmd); !strings.Contains(r.stdout, "endpoint: mesh.example:9411") {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
}
