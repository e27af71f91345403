package main

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestMembersAreWhatJSONReads(t *testing.T) {
	for _, content := range []string{
		`{}`,
		`{"a":1,"b":{"a":[{"c":"}"},","]},"c":"\\\"{","d":null}`,
		"{ \"a\" : [1, 2] ,\n \"b\" : { \"x\": \"a:b\" } }",
	} {
		wanted := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(content), &wanted); err != nil {
			t.Fatal(err)
		}
		found, err := members([]byte(content))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(found, wanted) {
			t.Errorf("%s: %s instead of %s", content, found, wanted)
		}
	}
	if _, err := members([]byte(`{"a":{"b":1}`)); err == nil {
		t.Error("JSON that is cut off is taken apart")
	}
}
