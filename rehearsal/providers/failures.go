package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// failure is one element of REHEARSAL_FAIL: which objects fail, at what, how often, and whether they are left tainted.
type failure struct {
	spec        string // as it was given
	typ, action string // typ may hold *
	selector    string // empty: every object of the type
	count       int
	taint       bool
	interrupted bool // the cloud goes on and makes the object; Terraform knows of it only where the id was kept before
}

const failureGrammar = `allowed is TYPE[SELECTOR]:ACTION:COUNT:taint or :interrupted, several separated by commas. [SELECTOR] may be left out; it is an id, ` +
	`the last part of an id, a name, or ARGUMENT=VALUE (all may hold *). ACTION is create (also when left out), update, delete or open. ` +
	`COUNT is 1 or more (1 when left out). :taint and :interrupted may be left out and go with create. For example azurerm_subnet[aks-subnet]:create:1`

var (
	// What is in brackets may hold colons, as the id of a vault secret does.
	failureShape  = regexp.MustCompile(`^([a-z0-9_*]+)(?:\[([^\[\]]+)\])?(?::([^:\[\]]*))?(?::([^:\[\]]*))?(?::([^:\[\]]*))?$`)
	argumentShape = regexp.MustCompile(`^([a-z][a-z0-9_.]*)=(.*)$`)
)

func parseFailures(given string) ([]failure, error) {
	var out []failure
	for _, spec := range splitOutsideBrackets(given) {
		f, problem := parseFailure(spec)
		if problem != "" {
			return nil, fmt.Errorf("REHEARSAL_FAIL: %q: %s; %s", spec, problem, failureGrammar)
		}
		out = append(out, f)
	}
	return out, nil
}

func splitOutsideBrackets(given string) []string {
	depth := 0
	return strings.FieldsFunc(given, func(r rune) bool {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		}
		return depth <= 0 && (r == ',' || r == ' ')
	})
}

func parseFailure(spec string) (failure, string) {
	parts := failureShape.FindStringSubmatch(spec)
	if parts == nil {
		return failure{}, "this has not the form of a failure"
	}
	f := failure{spec: spec, typ: parts[1], selector: parts[2], action: parts[3], count: 1, taint: parts[5] == "taint", interrupted: parts[5] == "interrupted"}
	if f.action == "" {
		f.action = "create"
	}
	if !slices.Contains([]string{"create", "update", "delete", "open"}, f.action) {
		return f, fmt.Sprintf("there is no action %q", f.action)
	}
	if parts[4] != "" {
		n, err := strconv.Atoi(parts[4])
		if err != nil || n < 1 {
			return f, fmt.Sprintf("%q is no count", parts[4])
		}
		f.count = n
	}
	if parts[5] != "" && !f.taint && !f.interrupted {
		return f, fmt.Sprintf("%q is not known here", parts[5])
	}
	if parts[5] != "" && f.action != "create" {
		return f, "only what is created can be left tainted or interrupted"
	}
	if !strings.Contains(f.typ, "*") && !isType(f.typ, f.action) {
		return f, fmt.Sprintf("no provider of this project has a type %s with this action", f.typ)
	}
	return f, ""
}

// isType asks the provider that the type's first word names; a provider of another name plays no part here.
func isType(typ, action string) bool {
	name, _, _ := strings.Cut(typ, "_")
	c, err := loadCatalogue(name)
	if err != nil {
		return false
	}
	if action == "open" {
		return c.Ephemeral.has(typ)
	}
	return c.Resources.has(typ)
}

// selects tells whether an object is the one that was meant. An object is known by its id, the last part of its id, its
// name, or an argument.
func (f failure) selects(typ, id string, arguments map[string]any) bool {
	if !glob(f.typ, typ) {
		return false
	}
	if f.selector == "" {
		return true
	}
	if pair := argumentShape.FindStringSubmatch(f.selector); pair != nil {
		value := lookup(arguments, pair[1])
		return value != nil && like(pair[2], plainText(value))
	}
	for _, name := range []string{id, lastName(id), text(arguments["name"]), text(lookup(arguments, "metadata.name"))} {
		if name != "" && like(f.selector, name) {
			return true
		}
	}
	return false
}

// like compares exactly, or with * for any text: an id has slashes, at which path.Match would stop.
func like(pattern, name string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == name
	}
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	matched, err := regexp.MatchString("^(?s:"+strings.Join(parts, ".*")+")$", name)
	return err == nil && matched
}

func plainText(value any) string {
	if n, is := value.(*big.Float); is {
		return n.Text('f', -1)
	}
	return fmt.Sprint(value)
}

// fail tells whether this action is to fail. What was used up is remembered across runs in REHEARSAL_DIR.
func (s *stage) fail(typ, action, id string, arguments map[string]any) (failure, bool, error) {
	for _, f := range s.failures {
		if f.action != action || !f.selects(typ, id, arguments) {
			continue
		}
		used, err := s.use(f)
		if err != nil {
			return f, false, fmt.Errorf("REHEARSAL_FAIL: cannot keep count in REHEARSAL_DIR: %w", err)
		}
		if used {
			return f, true, nil
		}
	}
	return failure{}, false, nil
}

// use takes one of the failure's turns; false when none is left. Providers of several stacks may ask at the same time.
func (s *stage) use(f failure) (bool, error) {
	dir := filepath.Join(s.dir, "failures")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	for n := 1; n <= f.count; n++ {
		file, err := os.OpenFile(s.mark(f, n), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		_, err = file.WriteString(f.spec + "\n")
		return true, errors.Join(err, file.Close())
	}
	return false, nil
}

// mark is the file that is there when the failure's nth turn is used up.
func (s *stage) mark(f failure, n int) string {
	sum := sha256.Sum256([]byte(f.spec))
	return filepath.Join(s.dir, "failures", fmt.Sprintf("%s.%d", hex.EncodeToString(sum[:8]), n))
}

// unused are the failures that were asked for and have not come about once.
func (s *stage) unused() []string {
	var out []string
	for _, f := range s.failures {
		if _, err := os.Stat(s.mark(f, 1)); errors.Is(err, os.ErrNotExist) {
			out = append(out, f.spec)
		}
	}
	return out
}
