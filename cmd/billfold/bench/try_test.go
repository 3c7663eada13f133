package bench

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestTryOne(t *testing.T) {
	f, err := Run(t.Context(), os.Getenv("B"), Options{Engine: os.Getenv("E"), Seconds: 5 * time.Second, Items: 200000, Numbers: 1000000, Say: func(string, ...any) {}})
	fmt.Println(f, err)
}
