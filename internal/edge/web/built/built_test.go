package built

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/billfold/billfold/internal/base/fault"
)

const (
	file     = "files/site-AAAAAAAA.css"
	manifest = `{"files": {"site.css": {"file": "site-AAAAAAAA.css",
		"sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}}}`
)

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		situation string
		files     map[string]string
		want      fault.Kind
	}{
		{"built", map[string]string{"files/manifest.json": manifest, file: "foo"}, 0},
		{"not built", map[string]string{"files/README.txt": ""}, fault.Unavailable},
		{"one byte is another", map[string]string{"files/manifest.json": manifest, file: "fop"}, fault.Corrupt},
		{"a file is missing", map[string]string{"files/manifest.json": manifest}, fault.Corrupt},
		{"the list is cut off", map[string]string{"files/manifest.json": manifest[:20]}, fault.Corrupt},
	} {
		t.Run(c.situation, func(t *testing.T) {
			from := fstest.MapFS{}
			for name, text := range c.files {
				from[name] = &fstest.MapFile{Data: []byte(text)}
			}
			all, err := load(from)
			if c.want == 0 {
				if err != nil || len(all) != 1 || all[0].Name != "site.css" || string(all[0].Body) != "foo" {
					t.Errorf("got %v, %v", all, err)
				}
				return
			}
			if fault.KindOf(err) != c.want || !strings.Contains(fault.HintOf(err), "make build") {
				t.Errorf("got %v, want %v and what to run", err, c.want)
			}
		})
	}
}
