package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// stage is everything outside Terraform's own files: the journal, the made-up cloud's memory, simulated durations and
// failures. Without REHEARSAL_DIR there is no journal and no memory.
type stage struct {
	dir      string
	strict   bool
	scale    float64
	failures []failure
	existing map[string]bool
	types    map[string]bool // offered to Terraform; nil: all
}

// stageFromEnv reads the REHEARSAL_* variables. Every mistake in them is reported at once; the stage is usable beside
// the error, so that a provider can start and report it the way Terraform shows errors.
func stageFromEnv(getenv func(string) string) (*stage, error) {
	s := &stage{dir: getenv("REHEARSAL_DIR"), existing: map[string]bool{}}
	var problems []error
	switch strict := getenv("REHEARSAL_STRICT"); strict {
	case "1", "", "0":
		s.strict = strict == "1"
	default:
		problems = append(problems, fmt.Errorf("REHEARSAL_STRICT: %q; allowed are 1, 0 and nothing", strict))
	}
	if given := getenv("REHEARSAL_TIME_SCALE"); given != "" {
		scale, err := strconv.ParseFloat(given, 64)
		if err != nil || math.IsInf(scale, 0) || !(scale >= 0) {
			problems = append(problems, fmt.Errorf("REHEARSAL_TIME_SCALE: %q; allowed is a number from 0, for example 0.01 for a hundredth of the estimated time", given))
		} else {
			s.scale = scale
		}
	}
	failures, err := parseFailures(getenv("REHEARSAL_FAIL"))
	if s.failures = failures; err != nil {
		problems = append(problems, err)
	} else if len(failures) > 0 && s.dir == "" {
		s.failures = nil
		problems = append(problems, errors.New("REHEARSAL_FAIL: REHEARSAL_DIR is not set, where the failures that were used up are counted; set it to an empty folder"))
	}
	for _, name := range words(getenv("REHEARSAL_EXISTING")) {
		if typ, object, found := strings.Cut(name, "="); !found || typ == "" || object == "" {
			problems = append(problems, fmt.Errorf("REHEARSAL_EXISTING: %q; allowed is TYPE=NAME, several separated by commas", name))
		}
		s.existing[name] = true
	}
	if given := words(getenv("REHEARSAL_TYPES")); len(given) > 0 {
		s.types = map[string]bool{}
		for _, name := range given {
			s.types[name] = true
		}
	}
	return s, errors.Join(problems...)
}

// words separates by commas and spaces.
func words(given string) []string {
	return strings.FieldsFunc(given, func(r rune) bool { return r == ',' || r == ' ' })
}

// entry is one line of the journal.
type entry struct {
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Provider string    `json:"provider"`
	Type     string    `json:"type"`
	Action   string    `json:"action"`
	ID       string    `json:"id,omitempty"`
	Seconds  float64   `json:"seconds,omitempty"` // the estimate, before scaling; what a time_sleep waits
	Error    string    `json:"error,omitempty"`
	AskedFor bool      `json:"asked_for,omitempty"` // the error is one that REHEARSAL_FAIL asked for
	Config   any       `json:"config,omitempty"`
}

func (s *stage) write(e entry) error {
	if s.dir == "" {
		return nil
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false) // so that a search for a password finds it
	if err := encoder.Encode(e); err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(s.dir, "journal.jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	// One write per line: the six providers of three stacks append to the same file.
	_, err = file.Write(line.Bytes())
	return err
}

// wait passes the simulated time of an action, unless Terraform is interrupted.
func (s *stage) wait(ctx context.Context, stop <-chan struct{}, seconds float64) error {
	if s.scale <= 0 || seconds <= 0 {
		return nil
	}
	select {
	case <-time.After(time.Duration(seconds * s.scale * float64(time.Second))):
		return nil
	case <-stop:
	case <-ctx.Done():
	}
	return errors.New("interrupted")
}

// thing is an object of the made-up cloud.
type thing struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Attributes map[string]any `json:"attributes"`
	WriteOnly  map[string]any `json:"write_only"`
}

func (s *stage) file(typ, id string) string {
	// Kubernetes resources have two names in the provider, with and without version.
	sum := sha256.Sum256([]byte(strings.TrimSuffix(typ, "_v1") + "\n" + strings.ToLower(id)))
	return filepath.Join(s.dir, "objects", hex.EncodeToString(sum[:8])+".json")
}

func (s *stage) load(typ, id string) *thing {
	if s.dir == "" {
		return nil
	}
	content, err := os.ReadFile(s.file(typ, id))
	if err != nil {
		return nil
	}
	t := &thing{}
	if json.Unmarshal(content, t) != nil {
		return nil
	}
	return t
}

func (s *stage) save(t *thing) error {
	if s.dir == "" {
		return nil
	}
	content, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return err
	}
	target := s.file(t.Type, t.ID)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	partial := fmt.Sprintf("%s.%d", target, time.Now().UnixNano())
	if err := os.WriteFile(partial, content, 0o600); err != nil {
		return err
	}
	return os.Rename(partial, target)
}

func (s *stage) remove(typ, id string) error {
	if s.dir == "" {
		return nil
	}
	if err := os.Remove(s.file(typ, id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// exists answers for objects made here and for those that REHEARSAL_EXISTING names as type=name.
func (s *stage) exists(typ, id, name string) bool {
	return s.load(typ, id) != nil || s.existing[typ+"="+name] || s.existing[typ+"="+id]
}
