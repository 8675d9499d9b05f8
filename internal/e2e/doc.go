// Package e2e tests the built programs together: a real host process, real
// plugin processes, simulated providers, real sockets.
package e2e
