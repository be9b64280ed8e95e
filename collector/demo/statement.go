package demo

import (
	"fmt"
	"strings"
)

// statement is what one service says to its own store.
type statement struct {
	system, verb, collection string
	namespace                string
	name                     string // span name
	text                     string
	host                     string
	port                     int
	ms                       float64
	rows                     int // most rows that come back
}

// storeTable: system, port, median milliseconds.
var storeTable = map[string]struct {
	port int
	ms   float64
}{
	"postgresql": {5432, 2.2},
	"mysql":      {3306, 2.0},
	"mongodb":    {27017, 2.6},
	"redis":      {6379, 0.35},
	"opensearch": {9200, 14},
}

// texts are the statements by verb; %s is the collection.
var texts = map[string]string{
	"SELECT":  "SELECT * FROM %s WHERE tenant_id = $1 AND id = ANY($2)",
	"INSERT":  "INSERT INTO %s (id, tenant_id, body, created_at) VALUES ($1, $2, $3, now())",
	"UPDATE":  "UPDATE %s SET body = $3, updated_at = now() WHERE tenant_id = $1 AND id = $2",
	"find":    `{"find": "%s", "filter": {"tenantId": "?", "_id": {"$in": ["?"]}}}`,
	"insert":  `{"insert": "%s", "documents": ["?"]}`,
	"search":  `{"query": {"bool": {"must": [{"match": {"%s.title": "?"}}], "filter": [{"term": {"tenant": "?"}}]}}}`,
	"bulk":    `{"index": {"_index": "%s"}}`,
	"GET":     "GET %s:?",
	"SET":     "SET %s:? ? EX 1800",
	"MGET":    "MGET %s:? %[1]s:? %[1]s:?",
	"HGETALL": "HGETALL %s:?",
	"HSET":    "HSET %s:? ? ?",
	"DEL":     "DEL %s:?",
}

func newStatement(s *service, system, verb, collection string) (*statement, error) {
	store, ok := storeTable[system]
	if !ok {
		return nil, fmt.Errorf("unknown store %q", system)
	}
	text, ok := texts[verb]
	if !ok {
		return nil, fmt.Errorf("unknown verb %q", verb)
	}
	st := &statement{
		system: system, verb: verb, collection: collection, text: fmt.Sprintf(text, collection),
		host: system + "-" + s.name + ".data.svc.cluster.local", port: store.port, ms: store.ms, rows: 1,
		namespace: "shop_" + strings.ReplaceAll(s.name, "-", "_"), name: verb + " " + collection,
	}
	switch verb {
	case "SELECT", "find", "search":
		st.rows = 24
	}
	if system == "redis" {
		st.namespace, st.name = "0", verb
	}
	return st, nil
}

// statements that faults put in place of the intended ones.
const (
	unindexedQuery = "SELECT * FROM stock WHERE lower(sku) = lower($1) AND warehouse_id::text = $2 ORDER BY updated_at DESC"
	oneByOneQuery  = `{"find": "wishlist_items", "filter": {"tenantId": "?", "_id": "?"}, "limit": 1}`
)
