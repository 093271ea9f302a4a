package formats

import "testing"

// TestExtensionThatGrows: in lower case these extensions are longer than the
// names they end. Such a file is judged by its content.
func TestExtensionThatGrows(t *testing.T) {
	for _, name := range []string{".\xeb", "a.\xeb", ".\xeb\xeb", "x.Ⱥ", ".ȺȺ", "log/.\xeb"} {
		if k := nameKind(name); k != nameKind("x.unheard") {
			t.Errorf("%q is of kind %v by its name", name, k)
		}
	}
}
