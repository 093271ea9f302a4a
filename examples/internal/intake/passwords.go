package intake

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// Passwords reads the passwords of a file, one a line; without a name there are
// none. Errors do not quote them.
func Passwords(name string) (list []string, err error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if p := strings.TrimSuffix(lines.Text(), "\r"); p != "" {
			list = append(list, p)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}
