package catalog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/y"
	"google.golang.org/protobuf/proto"
)

// checkTable reads one of badger's table files and verifies every checksum in
// it. badger does not do so in a way that a program survives: it follows
// damaged lengths in goroutines of its own, and a scan over a damaged block
// ends early without an error, which would make a tombstone vanish.
func checkTable(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := checkTableBytes(b); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, filepath.Base(path), err)
	}
	return nil
}

// checkTableBytes: a table is blocks, then an index that says where they are.
// Both end in their checksum and its length. The index is a flat buffer, whose
// reader trusts what it reads and panics over what it cannot follow.
func checkTableBytes(b []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the index cannot be followed: %v", p)
		}
	}()
	rest, sum, err := cutChecksum(b)
	if err != nil {
		return err
	}
	rest, size, err := cutUint32(rest)
	if err != nil {
		return err
	}
	if int64(size) > int64(len(rest)) {
		return fmt.Errorf("the index has %d bytes of %d", size, len(rest))
	}
	blocks, index := rest[:len(rest)-int(size)], rest[len(rest)-int(size):]
	if err := verify(index, sum); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	table := fb.GetRootAsTableIndex(index, 0)
	if table.OffsetsLength() == 0 {
		return errors.New("there are no blocks") // badger writes no such table
	}
	var at fb.BlockOffset
	for i := range table.OffsetsLength() {
		if !table.Offsets(&at, i) {
			return fmt.Errorf("block %d is not in the index", i)
		}
		from, to := int64(at.Offset()), int64(at.Offset())+int64(at.Len())
		if to > int64(len(blocks)) {
			return fmt.Errorf("block %d ends at %d of %d", i, to, len(blocks))
		}
		data, sum, err := cutChecksum(blocks[from:to])
		if err == nil {
			err = verify(data, sum)
		}
		if err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
	}
	return nil
}

// cutChecksum takes the checksum and its length from the end.
func cutChecksum(b []byte) ([]byte, *pb.Checksum, error) {
	rest, size, err := cutUint32(b)
	if err != nil {
		return nil, nil, err
	}
	if int64(size) > int64(len(rest)) {
		return nil, nil, fmt.Errorf("the checksum has %d bytes of %d", size, len(rest))
	}
	split := len(rest) - int(size)
	sum := &pb.Checksum{}
	if err := proto.Unmarshal(rest[split:], sum); err != nil {
		return nil, nil, fmt.Errorf("checksum: %w", err)
	}
	return rest[:split], sum, nil
}

func cutUint32(b []byte) ([]byte, uint32, error) {
	if len(b) < 4 {
		return nil, 0, fmt.Errorf("cut short at %d bytes", len(b))
	}
	return b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:]), nil
}

func verify(b []byte, sum *pb.Checksum) error {
	if sum.Algo != pb.Checksum_CRC32C && sum.Algo != pb.Checksum_XXHash64 {
		return fmt.Errorf("checksum of unknown kind %d", sum.Algo)
	}
	return y.VerifyChecksum(b, sum)
}
