package catalog

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/heddle-io/heddle/storage"
)

// DefaultTenant is the tenant until tenancy is switched on.
const DefaultTenant = "default"

// MaxNameBytes bounds names that are part of a key: tenants, services,
// attribute keys, kinds and ids of objects, names of settings.
const MaxNameBytes = 1024

// The first byte of a key is what the record is.
const (
	prefixMeta      = 'm' // name                                -> uvarint
	prefixTombstone = 't' // id, 8 bytes big endian              -> tombstone
	prefixService   = 's' // tenant, name                        -> serviceRecord
	prefixKey       = 'k' // tenant, scope, name                 -> keyRecord
	prefixObject    = 'o' // tenant, kind with its length, id    -> object
	prefixSetting   = 'j' // tenant, name                        -> bytes
)

var (
	metaSchema    = []byte{prefixMeta, 's'}
	metaTombstone = []byte{prefixMeta, 't'} // the id assigned last
	metaRevision  = []byte{prefixMeta, 'r'} // the revision assigned last
)

// tenantKey is what all keys of a kind and tenant begin with. The length in
// front of the name keeps one tenant from being a prefix of another.
func tenantKey(prefix byte, tenant string) []byte {
	return appendText([]byte{prefix}, tenant)
}

func tombstoneKey(id uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixTombstone}, id)
}

func serviceKey(tenant, name string) []byte { return append(tenantKey(prefixService, tenant), name...) }

func settingKey(tenant, name string) []byte { return append(tenantKey(prefixSetting, tenant), name...) }

// attributeKey is the key of a keyRecord.
func attributeKey(tenant string, k storage.Key) []byte {
	return append(append(tenantKey(prefixKey, tenant), byte(k.Scope)), k.Name...)
}

func kindKey(tenant, kind string) []byte { return appendText(tenantKey(prefixObject, tenant), kind) }

func objectKey(tenant, kind, id string) []byte { return append(kindKey(tenant, kind), id...) }

// parseAttribute reads what attributeKey put behind the tenant.
func parseAttribute(rest []byte) (storage.Key, error) {
	if len(rest) < 2 {
		return storage.Key{}, fmt.Errorf("%w: key record without a name", ErrCorrupt)
	}
	return storage.Key{Scope: storage.Scope(rest[0]), Name: string(rest[1:])}, nil
}

// tenantName fills in the default.
func tenantName(tenant string) string {
	if tenant == "" {
		return DefaultTenant
	}
	return tenant
}

// checkTenant says why s cannot be a tenant.
func checkTenant(s string) error {
	if s == AllTenants {
		return fmt.Errorf("%w: %q means all tenants and cannot be one", ErrInvalid, s)
	}
	return checkName("tenant", s)
}

// checkName says why s cannot be a name. The empty string cannot.
func checkName(what, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%w: %s is empty", ErrInvalid, what)
	case len(s) > MaxNameBytes:
		return fmt.Errorf("%w: %s has %d bytes, it may have %d", ErrInvalid, what, len(s), MaxNameBytes)
	case !utf8.ValidString(s):
		return fmt.Errorf("%w: %s is not UTF-8", ErrInvalid, what)
	case strings.ContainsRune(s, 0):
		return fmt.Errorf("%w: %s contains a NUL", ErrInvalid, what)
	}
	return nil
}
