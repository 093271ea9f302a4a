package leaks

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// childEnv makes the test program play a part instead of testing: some ends of
// a process can only be seen from outside.
const childEnv = "LEAKS_TEST_CHILD"

var children = map[string]func(dir string){
	"ingest":       func(dir string) { childIngest(dir, false) },
	"ingest-short": func(dir string) { childIngest(dir, true) },
	"fill":         childFill,
}

func TestMain(m *testing.M) {
	if part, dir, ok := strings.Cut(os.Getenv(childEnv), ":"); ok {
		children[part](dir)
		os.Exit(0)
	}
	code := m.Run()
	if code == 0 {
		// Every goroutine of a closed store must be gone.
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func child(part, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childEnv+"="+part+":"+dir, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// childFailed ends a child that cannot play its part.
func childFailed(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

// fewer is n, or with -short only so many.
func fewer(n, short int) int {
	if testing.Short() {
		return short
	}
	return n
}
