// Package cedarvalley carries the configuration of the fictional plan "Cedar
// Valley Health", so that a demonstration needs no files beside the binary.
// Every name, address and telephone number in it is invented.
package cedarvalley

import "embed"

// Files holds plan.yaml and the region packs that it names.
//
//go:embed plan.yaml regions/*.yaml
var Files embed.FS
