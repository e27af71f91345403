package main

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// shrunk lists what makes Terraform replace the object because it became smaller (tables/smaller.txt).
func shrunk(typ string, prior, planned map[string]any) []*tftypes.AttributePath {
	var out []*tftypes.AttributePath
	for _, row := range tables.smaller {
		before, isBefore := quantity(lookup(prior, row.path))
		after, isAfter := quantity(lookup(planned, row.path))
		if glob(row.typ, typ) && isBefore && isAfter && after.Cmp(before) < 0 {
			out = append(out, pathOf(row.path))
		}
	}
	return out
}

var quantityForm = regexp.MustCompile(`^([0-9.]+)(Ki|Mi|Gi|Ti)?$`)

// quantity reads a number, or a quantity of Kubernetes such as 100Gi.
func quantity(v any) (*big.Float, bool) {
	if number, is := v.(*big.Float); is {
		return number, true
	}
	match := quantityForm.FindStringSubmatch(text(v))
	if match == nil {
		return nil, false
	}
	number, _, err := big.ParseFloat(match[1], 10, 64, big.ToNearestEven)
	if err != nil {
		return nil, false
	}
	for range strings.Index("KiMiGiTi", match[2])/2 + min(len(match[2]), 1) {
		number.Mul(number, big.NewFloat(1024))
	}
	return number, true
}

// pathOf turns a.0.b into Terraform's path. An element of a map is an attribute here, too: Terraform wants no more than the
// attribute that holds the map.
func pathOf(path string) *tftypes.AttributePath {
	out := tftypes.NewAttributePath()
	for _, step := range strings.Split(path, ".") {
		if index, err := strconv.Atoi(step); err == nil {
			out = out.WithElementKeyInt(index)
		} else {
			out = out.WithAttributeName(step)
		}
	}
	return out
}
