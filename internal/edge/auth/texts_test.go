package auth

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/office/access"
)

func TestTexts_AreCompleteInEveryLanguage(t *testing.T) {
	for key, text := range texts {
		if text.English == "" || text.Spanish == "" || text.English == text.Spanish {
			t.Errorf("%s is not in every language", key)
		}
		if strings.Count(text.English, "%d") != strings.Count(text.Spanish, "%d") {
			t.Errorf("%s takes other values", key)
		}
	}
	for _, role := range access.Roles() {
		if _, ok := texts["role."+string(role.Role)]; !ok {
			t.Errorf("there is no text for the role %s", role.Role)
		}
	}
}

var named = regexp.MustCompile(`(?:v\.T|\bt)[( ]"([a-z0-9._-]+)"`)

func TestTexts_AreThereForEveryKeyThatIsNamed(t *testing.T) {
	for _, pattern := range []string{"*.go", "assets/*.html"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range named.FindAllSubmatch(text, -1) {
				if key := string(found[1]); texts[key].English == "" && !strings.HasSuffix(key, ".") {
					t.Errorf("%s names the text %q, which is not there", path, key)
				}
			}
		}
	}
}

func TestOnThisMachine(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "127.0.0.1:8080": true, "[::1]:8080": true, "127.0.0.53": true,
		"office.example.org": false, "10.0.0.5:8080": false, "localhost.evil.example": false, "": false,
	} {
		if got := onThisMachine(host); got != want {
			t.Errorf("%q: got %v, want %v", host, got, want)
		}
	}
}
