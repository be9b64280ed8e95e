// Package wal is the write-ahead log of the columnar store: one log for all
// signals and tenants, with group commit. It keeps payloads as they arrived
// and knows nothing of what is in them. DESIGN.md describes the files byte by
// byte, and what recovery does about each kind of damage.
//
// A record gets its LSN (log sequence number, from 1, without gaps) from
// Enqueue, is acknowledged by Wait, comes back from Replay after a restart, and
// is let go by Release once it is stored elsewhere.
package wal
