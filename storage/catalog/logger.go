package catalog

import (
	"fmt"
	"log/slog"
	"strings"
)

// logger is badger's logger on slog. What badger calls information is its
// inner life (tables opened, levels after closing), so it is logged as detail.
type logger struct{ to *slog.Logger }

func (l logger) Errorf(format string, v ...any)   { l.to.Error(line(format, v)) }
func (l logger) Warningf(format string, v ...any) { l.to.Warn(line(format, v)) }
func (l logger) Infof(format string, v ...any)    { l.to.Debug(line(format, v)) }

// Debugf drops what badger says on every write before it is formatted.
func (l logger) Debugf(string, ...any) {}

func line(format string, v []any) string {
	return "badger: " + strings.TrimSpace(fmt.Sprintf(format, v...))
}
