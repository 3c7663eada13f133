// Package crash proves exactly-once against the hardest stop there is: its tests
// run the road of money in a child process, kill that process at a random
// moment under load, and show that no acknowledged payment is lost and none is
// doubled. It has no code of its own. Start reading at TestKill.
package crash
