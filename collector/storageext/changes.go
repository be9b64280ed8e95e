package storageext

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// changes lists the keys in which two configurations differ, with their values,
// by name.
func changes(from, to *Config) (list []string) {
	if *from == *to {
		return nil
	}
	before, after := confmap.New(), confmap.New()
	if before.Marshal(from) != nil || after.Marshal(to) != nil {
		return []string{"settings"}
	}
	for _, key := range after.AllKeys() {
		if was, is := before.Get(key), after.Get(key); was != is {
			list = append(list, fmt.Sprintf("%s from %v to %v", strings.ReplaceAll(key, confmap.KeyDelimiter, "."), was, is))
		}
	}
	slices.Sort(list)
	return list
}
