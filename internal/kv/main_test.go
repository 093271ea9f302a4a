package kv

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// childEnv makes the test program play a part instead of testing: some ends of a
// process can only be seen from outside.
const (
	childEnv = "KV_TEST_CHILD"
	stepEnv  = "KV_TEST_STEP"
)

var children = map[string]func(dir string){
	"open":    childOpen,
	"fixture": childFixture,
	"publish": childPublish,
	"fill":    childFill,
	"records": childRecords,
}

func TestMain(m *testing.M) {
	if part, dir, ok := strings.Cut(os.Getenv(childEnv), ":"); ok {
		children[part](dir)
		os.Exit(0)
	}
	code := m.Run()
	if code == 0 {
		// Badger's cache library keeps nothing alive with caches off; every
		// goroutine of a closed store must be gone.
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func child(t testing.TB, part, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childEnv+"="+part+":"+dir, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// childOpen says in one line how opening the store went.
func childOpen(dir string) {
	db, err := Open(testOptions(dir))
	if err != nil {
		fmt.Println(describe(err))
		return
	}
	list, err := db.Segments()
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	fmt.Println("open", len(list), db.Generation())
	if err := db.Close(); err != nil {
		fmt.Println("error at close:", err)
	}
}
