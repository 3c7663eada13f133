package premium

// All gives every rate, for tests that hold them against each other.
func (r *Rates) All() []Rate {
	var all []Rate
	for _, rows := range r.shelves {
		all = append(all, rows...)
	}
	return all
}
