// Package readme runs the transcript of README.md against a larder that it
// builds and starts, so that the first thing that people try works as printed.
package readme
