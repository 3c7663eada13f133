package processor

import (
	"encoding/json"
	"slices"
	"strconv"
)

// past is what is held in memory of an event; its body stays in the journal.
type past struct {
	id, kind, account string
	created           int64
	at                place
}

// The bounds of a page of a list.
const (
	pageUsual = 10
	pageMost  = 100
)

// listEvents gives what happened on an account, the newest first, whether it was
// sent or not.
func (t *turn) listEvents(_ string, in *form) (shape, *refusal) {
	kinds, since := in.list("types"), in.whole("created[gte]", 0, 0, 1<<62)
	limit, after := in.whole("limit", pageUsual, 1, pageMost), in.text("starting_after")
	if no := in.done(); no != nil {
		return nil, no
	}
	isBehind := after == ""
	data, more := []json.RawMessage{}, false
	for _, e := range slices.Backward(t.events) {
		switch {
		case e.account != t.account:
			continue
		case !isBehind:
			isBehind = e.id == after
			continue
		case e.created < since || len(kinds) > 0 && !slices.Contains(kinds, e.kind):
			continue
		}
		if more = int64(len(data)) == limit; more {
			break
		}
		body, err := t.eventBody(e)
		if err != nil {
			return nil, outOfOrder
		}
		data = append(data, body)
	}
	if !isBehind {
		return nil, missing("event", "starting_after", after)
	}
	return shape{"object": "list", "url": "/v1/events", "has_more": more, "data": data}, nil
}

// whole gives a whole number between bounds, or what is usual when it is not there.
func (f *form) whole(name string, usual, least, most int64) int64 {
	value := f.text(name)
	if value == "" {
		return usual
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least || n > most {
		f.fail(badRequest("parameter_invalid_integer", name, "%s is not a whole number within its bounds.", name))
	}
	return n
}

// eventBody reads an event as it was, or would have been, sent.
func (t *turn) eventBody(e past) (json.RawMessage, error) {
	if err := t.journal.settle(); err != nil {
		return nil, err
	}
	r, err := t.journal.recordAt(e.at)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(r.Events, func(have event) bool { return have.ID == e.id })
	return r.Events[at].Body, nil
}
