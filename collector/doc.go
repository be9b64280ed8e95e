// Package collector puts heddle together: which components the binary has, the
// commands that run them, and the configurations it carries.
//
// heddle is a distribution of the OpenTelemetry Collector. Components of ours
// live in packages of their own; this one and they are the only places that
// import component types. In the order of a start:
//
//	command.go      the commands and what they share
//	components.go   which components there are
//	load.go         where configuration comes from; explain.go says what is wrong with it
//	process.go      start, reload and stop of what a configuration describes
//	banner.go       what listens where, for the person who started it
package collector
