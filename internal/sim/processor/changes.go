package processor

// An act reads objects as its own record has them, else as the state does. It
// changes copies: what the state holds is never written to.

type object interface{ name() string }

func (c *customer) name() string { return c.ID }
func (m *method) name() string   { return m.ID }
func (in *intent) name() string  { return in.ID }
func (c *charge) name() string   { return c.ID }
func (r *refund) name() string   { return r.ID }
func (d *dispute) name() string  { return d.ID }
func (c *session) name() string  { return c.ID }

// latest finds an object, or the zero value.
func latest[T object](changed []T, kept map[string]T, id string) T {
	for _, x := range changed {
		if x.name() == id {
			return x
		}
	}
	return kept[id]
}

// changed gives the copy of an object that the act may write to, and notes it.
func changed[T any, P interface {
	*T
	object
}](list *[]P, x P) P {
	for _, have := range *list {
		if have.name() == x.name() {
			return have
		}
	}
	c := *x
	*list = append(*list, &c)
	return &c
}

func (t *turn) method(id string) *method { return latest(t.record.Methods, t.methods, id) }
func (t *turn) intent(id string) *intent { return latest(t.record.Intents, t.intents, id) }
func (t *turn) charge(id string) *charge { return latest(t.record.Charges, t.charges, id) }

func (t *turn) changeCustomer(c *customer) *customer { return changed(&t.record.Customers, c) }
func (t *turn) changeMethod(m *method) *method       { return changed(&t.record.Methods, m) }
func (t *turn) changeIntent(in *intent) *intent      { return changed(&t.record.Intents, in) }
func (t *turn) changeCharge(c *charge) *charge       { return changed(&t.record.Charges, c) }
func (t *turn) changeRefund(r *refund) *refund       { return changed(&t.record.Refunds, r) }
func (t *turn) changeDispute(d *dispute) *dispute    { return changed(&t.record.Disputes, d) }
func (t *turn) changeSession(c *session) *session    { return changed(&t.record.Sessions, c) }

// ownCustomer, and the like, find what the caller's account may see.

func (t *turn) ownCustomer(id string) (*customer, *refusal) {
	if c := t.customers[id]; c != nil && c.Account == t.account && !c.Deleted {
		return c, nil
	}
	return nil, missing("customer", "customer", id)
}

func (t *turn) ownMethod(id, param string) (*method, *refusal) {
	if m := t.methods[id]; m != nil && m.Account == t.account {
		return m, nil
	}
	return nil, missing("PaymentMethod", param, id)
}

func (t *turn) ownIntent(id, param string) (*intent, *refusal) {
	if in := t.intents[id]; in != nil && in.Account == t.account {
		return in, nil
	}
	return nil, missing("payment_intent", param, id)
}

func (t *turn) ownSession(id string) (*session, *refusal) {
	if c := t.sessions[id]; c != nil && c.Account == t.account {
		return c, nil
	}
	return nil, missing("checkout.session", "session", id)
}
