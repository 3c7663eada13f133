package main

import (
	"log/slog"
	"os"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/rail/card"
)

// credential is a secret of the card processor's: a file in the key folder, or a
// variable of the environment, which counts first.
type credential struct{ file, env string }

var (
	processorKey     = credential{"processor-key", "BILLFOLD_PROCESSOR_KEY"}
	processorSigning = credential{"processor-webhook", "BILLFOLD_PROCESSOR_WEBHOOK_SECRET"}
)

func (c credential) read(keys string) (secret.Text, error) {
	if value := os.Getenv(c.env); value != "" {
		return secret.New(value), nil
	}
	value, err := vault.Credential(keys, c.file)
	if fault.KindOf(err) == fault.NotFound {
		return secret.Text{}, fault.New(fault.NotFound, "", "the card processor's secret is missing: %s in the key folder", c.file).
			WithHint("Write it there, readable by its owner only, or into " + c.env + "; or take the processor out of plan.yaml.")
	}
	return value, err
}

// openProcessor makes the client of the card processor that a plan names.
func openProcessor(p *plan.Plan, keys string, clk clock.Clock) (*card.Client, error) {
	key, err := processorKey.read(keys)
	if err != nil {
		return nil, err
	}
	signing, err := processorSigning.read(keys)
	if err != nil {
		return nil, err
	}
	return card.New(card.Options{
		API: p.Processor.API, Key: key, Signing: signing, Timeout: p.Processor.Timeout, Sandbox: p.Sandbox, Clock: clk,
	})
}

// cards is the part of the office that takes them.
type cards struct {
	processor *card.Client
	desk      *checkout.Desk
}

// openCards opens it; nil when the plan names no processor. Teller may be nil.
func (o *office) openCards(keys string, teller checkout.Teller, log *slog.Logger) (*cards, error) {
	if o.plan.Processor == nil {
		return nil, nil
	}
	processor, err := openProcessor(o.plan, keys, o.clock)
	if err != nil {
		return nil, err
	}
	desk := checkout.New(o.store, processor, o.cashier, o.house, o.house, o.clock, checkout.Options{
		Teller: teller, Log: log, Autopay: o.autopay(), Approvals: approval.New(o.store, o.clock), CountDisputed: o.plan.Processor.CountDisputed,
	})
	return &cards{processor, desk}, nil
}

// browserSide is what pages must know of a plan's processor.
func browserSide(p *plan.Processor) *web.Processor {
	return &web.Processor{
		Name: string(p.Kind), Script: p.Script, Integrity: p.Integrity, Key: p.PublishableKey,
		Frames: p.Frames, Connects: p.Connect, Pages: p.Pages,
	}
}
