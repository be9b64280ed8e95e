// Package storagev2 is the generated code of Jaeger's remote storage v2;
// go generate in package apiv3 makes it.
package storagev2
