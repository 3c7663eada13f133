package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/billfold/billfold/internal/base/fault"
)

// noticesPath is where the card processor sends its notices.
const noticesPath = "/processor/notices"

// noticeMax bounds a notice in bytes.
const noticeMax = 256 << 10

// noticePool holds buffers for notices: whoever sends many must not make us
// allocate for each.
var noticePool = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// notices takes what the processor sends by itself. A notice is a hint to
// enquire: what the desk could not do now, the processor is asked to send again.
func (s *service) notices(w http.ResponseWriter, r *http.Request) {
	if p := s.notice(w, r); p != nil {
		p.send(w, visitOf(r.Context()))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *service) notice(w http.ResponseWriter, r *http.Request) *Problem {
	if s.Desk == nil {
		return requestProblem(http.StatusNotFound, "this plan takes no cards")
	}
	body := noticePool.Get().(*bytes.Buffer)
	defer noticePool.Put(body)
	body.Reset()
	if _, err := io.Copy(body, http.MaxBytesReader(w, r.Body, noticeMax)); err != nil {
		if body.Len() >= noticeMax {
			return requestProblem(http.StatusRequestEntityTooLarge, "")
		}
		return requestProblem(http.StatusBadRequest, "the notice did not arrive whole")
	}
	notice, err := s.Processor.ReadNotice(r.Header, body.Bytes())
	switch kind := fault.KindOf(err); {
	case err == nil:
	case kind == fault.Denied || kind == fault.Invalid:
		s.Log.Warn("a notice was refused", "request_id", visitOf(r.Context()).id, "reason", kind.String())
		return requestProblem(http.StatusBadRequest, "the notice is not signed by the processor, or too old")
	default:
		return s.failed(r.Context(), err)
	}
	// The processor's patience is not the payer's: what was begun is ended.
	if err := s.Desk.Notice(context.WithoutCancel(r.Context()), notice); err != nil {
		return s.failed(r.Context(), err)
	}
	return nil
}
