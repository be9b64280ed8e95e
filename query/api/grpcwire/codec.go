// Package grpcwire is the codec of the gRPC services of the query APIs. It lets
// a service send and receive messages that are encoded already, and serves
// Jaeger's older messages, whose generated code encodes itself. All others go
// the way of the codec that the process has for protobuf.
//
// A server gets it with grpc.ForceServerCodecV2, not by registration: what the
// rest of the process does stays as it is.
package grpcwire

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers what this builds on
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// Raw is a message in its wire form. To receive one, decode into a *Raw; it is
// then the receiver's. One that was sent must not be changed.
type Raw []byte

// Codec implements encoding.CodecV2.
type Codec struct{}

var _ encoding.CodecV2 = Codec{}

// selfEncoding is what gogo's generated messages have and google's have not.
type selfEncoding interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// Name is that of protobuf, because that is what is on the wire.
func (Codec) Name() string { return name }

const name = "proto"

// Marshal implements encoding.CodecV2.
func (Codec) Marshal(v any) (mem.BufferSlice, error) {
	switch m := v.(type) {
	case Raw:
		return mem.BufferSlice{mem.SliceBuffer(m)}, nil
	case proto.Message:
	case selfEncoding:
		b, err := m.Marshal()
		if err != nil {
			return nil, err
		}
		return mem.BufferSlice{mem.SliceBuffer(b)}, nil
	}
	return encoding.GetCodecV2(name).Marshal(v)
}

// Unmarshal implements encoding.CodecV2.
func (Codec) Unmarshal(data mem.BufferSlice, v any) error {
	switch m := v.(type) {
	case *Raw:
		*m = data.Materialize()
		return nil
	case proto.Message:
	case selfEncoding:
		return m.Unmarshal(data.Materialize())
	}
	return encoding.GetCodecV2(name).Unmarshal(data, v)
}
