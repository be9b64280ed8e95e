// Package telemetry is heddle's own logging and metrics: what it says about
// itself.
//
// Metrics of every component meet in one [Metrics], which the query server
// shows at /metrics; no second port is opened and nothing is exported. Logs go
// to standard error, as console text on a terminal and as JSON otherwise.
package telemetry
