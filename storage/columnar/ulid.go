package columnar

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"sync"
	"time"
)

// ulids names parts: 48 bits of milliseconds and 80 random bits as 26 digits
// of Crockford's base 32, so that names sort by time. Those of one process
// ascend strictly.
type ulids struct {
	mu     sync.Mutex
	lastMs uint64
	random [10]byte
}

var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

func (u *ulids) next(now time.Time) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	ms := uint64(max(now.UnixMilli(), 0))
	if ms > u.lastMs {
		u.lastMs = ms
		_, _ = rand.Read(u.random[:]) // never fails
		u.random[0] &= 0x7F           // room to count up
	} else {
		for i := len(u.random) - 1; i >= 0; i-- {
			if u.random[i]++; u.random[i] != 0 {
				break
			}
		}
	}
	// 128 bits are 25.6 digits: two zero bits in front make 26.
	var b [17]byte
	binary.BigEndian.PutUint64(b[:8], u.lastMs<<16)
	copy(b[6:16], u.random[:])
	var shifted [17]byte
	for i := range shifted {
		shifted[i] = b[i] >> 2
		if i > 0 {
			shifted[i] |= b[i-1] << 6
		}
	}
	return crockford.EncodeToString(shifted[:])[:26]
}
