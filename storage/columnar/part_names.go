package columnar

import (
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// Prefixes of the names of attribute columns in a part, by the scope of the
// attribute. Names are for people and other readers; heddle finds its columns
// by the metadata.
const (
	prefixResource = "resource."
	prefixScope    = "scope."
	prefixSpan     = "span."
	prefixEvent    = "event."
	prefixLink     = "link."
	prefixLog      = "log."
	nameBody       = "body"
)

// columnName names an attribute column. The type is part of the name, so that
// a column has one type in all parts; that of strings, which most are, is left
// out unless the key could be mistaken for a name with a type.
func columnName(prefix, key string, t storage.Type) string {
	if t == storage.TypeString && !strings.Contains(key, ":") {
		return prefix + key
	}
	return prefix + key + ":" + t.String()
}

// names makes column names unique, also for readers that do not tell upper
// from lower case.
type names map[string]bool

func (n names) unique(list, name string) string {
	for i := 1; ; i++ {
		candidate := name
		if i > 1 {
			candidate += "~" + strconv.Itoa(i)
		}
		if key := list + "\x00" + strings.ToLower(candidate); !n[key] {
			n[key] = true
			return candidate
		}
	}
}

// parquetKind is how the values of a type are written.
func parquetKind(t storage.Type) (parquet.Kind, parquet.Logical) {
	switch t {
	case storage.TypeInt:
		return parquet.Int64, parquet.None
	case storage.TypeFloat:
		return parquet.Double, parquet.None
	case storage.TypeBool, storage.TypeEmpty:
		return parquet.Boolean, parquet.None
	case storage.TypeString:
		return parquet.ByteArray, parquet.String
	}
	return parquet.ByteArray, parquet.None
}
