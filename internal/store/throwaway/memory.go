package throwaway

import "syscall"

// memoryMin is how much room Memory asks for, in bytes: servers for tests with
// their logs, and the files of tests that run at once, several times over.
const memoryMin = 4 << 30

const noExec = 8 // a flag of statfs(2): programs do not run from there

// Memory gives a folder whose files lie in memory, for Options.Dir and for files
// of tests: what is written there outlives the process that wrote it, but not the
// machine. It gives "", which means the system's temporary folder, where there is
// no such folder, little room in it (a container's usual 64 MB), or where programs
// may not run, as copied server binaries must.
func Memory() string {
	const dir = "/dev/shm"
	var at syscall.Statfs_t
	if err := syscall.Statfs(dir, &at); err != nil || at.Flags&noExec != 0 {
		return ""
	}
	if uint64(at.Bavail)*uint64(at.Bsize) < memoryMin || syscall.Access(dir, 0o7) != nil {
		return ""
	}
	return dir
}
