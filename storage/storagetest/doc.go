// Package storagetest is the conformance suite of package storage: Run checks
// every clause of the contracts against a backend. A failure names the clause.
//
// Queries are compared with a reference evaluator that walks whole spans row
// by row and knows nothing of columns. Data and queries are random; a failure
// prints the seed, HEDDLE_STORAGETEST_SEED runs it again.
package storagetest
