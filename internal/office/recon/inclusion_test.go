package recon_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store/storetest"
)

// thirdParty checks a proof as docs/integrators/inclusion-proof.md says, with no code of the
// product.
type thirdParty struct{ wrong bool }

func (c *thirdParty) need(ok bool) { c.wrong = c.wrong || !ok }

func (c *thirdParty) x(v any) []byte {
	text, _ := v.(string)
	b, err := hex.DecodeString(text)
	c.need(err == nil)
	return b
}

func integer(v any) []byte { return binary.BigEndian.AppendUint64(nil, uint64(number(v))) }

func number(v any) int64 {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return i
}

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func sum(parts ...[]byte) []byte { s := sha256.Sum256(join(parts...)); return s[:] }

func (c *thirdParty) up(h []byte, at, size int64, path []any) []byte {
	last := size - 1
	c.need(at >= 0 && at <= last)
	for _, p := range path {
		c.need(last > 0)
		sibling := c.x(p)
		if at&1 == 1 || at == last {
			h = sum([]byte{1}, sibling, h)
			for at != 0 && at&1 == 0 {
				at, last = at>>1, last>>1
			}
		} else {
			h = sum([]byte{1}, h, sibling)
		}
		at, last = at>>1, last>>1
	}
	c.need(last == 0)
	return h
}

func treeRoot(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1 << (bits.Len(uint(len(leaves)-1)) - 1)
	return sum([]byte{1}, treeRoot(leaves[:k]), treeRoot(leaves[k:]))
}

func (c *thirdParty) check(p map[string]any, key ed25519.PublicKey) bool {
	t := p["transaction"].(map[string]any)
	var leaves [][]byte
	var mine map[string]any
	for _, each := range p["ranges"].([]any) {
		r := each.(map[string]any)
		leaves = append(leaves, sum([]byte{0}, integer(r["range"]), integer(r["leaves"]), c.x(r["root"])))
		if number(r["range"]) == number(p["range"]) {
			mine = r
		}
	}
	leaf := sum([]byte{0}, integer(t["book"]), integer(t["seq"]), c.x(t["link"]))
	c.need(string(c.up(leaf, number(p["leaf_index"]), number(mine["leaves"]), p["path"].([]any))) == string(c.x(mine["root"])))
	seals := p["seals"].([]any)
	c.need(string(treeRoot(leaves)) == string(c.x(seals[0].(map[string]any)["root"])))
	before := ""
	for i, each := range seals {
		s := each.(map[string]any)
		digest := sum([]byte("billfold seal 1\x00"), integer(s["no"]), integer(s["at_micros"]), integer(s["transactions"]), []byte(s["day"].(string)),
			c.x(s["root"]), c.x(s["totals"]), c.x(s["previous"]))
		c.need(string(digest) == string(c.x(s["digest"])) && (i == 0 || s["previous"] == before))
		c.need(ed25519.Verify(key, digest, c.x(s["signature"])))
		before = s["digest"].(string)
	}
	return !c.wrong
}

func TestExport_AThirdPartyProvesATransactionWithoutTheBooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		source := b.source()
		for range 5 {
			b.pay(payment.Wire, source, b.today(), 10_00, 20_00, 30_00)
			if _, err := b.seal(t.Context(), b.today()); err != nil {
				t.Fatal(err)
			}
		}
		key := b.keys.private.Public().(ed25519.PublicKey)
		for seq := int64(1); seq <= 15; seq++ {
			document, err := proof.Export(t.Context(), o.Store, b.keys, source, seq)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(document)
			if err != nil {
				t.Fatal(err)
			}
			checked, err := proof.Check(text, hex.EncodeToString(key))
			if err != nil || checked.Seq != seq || checked.Last != 5 {
				t.Fatalf("got %+v, %v", checked, err)
			}
			if !independently(t, text, key) {
				t.Fatalf("a third party does not prove transaction %d: %s", seq, text)
			}
			spoiled := spoil(text, "\"seq\":", seq)
			if independently(t, spoiled, key) {
				t.Fatal("a third party proves another transaction")
			}
			if _, err := proof.Check(spoiled, hex.EncodeToString(key)); fault.KindOf(err) != fault.Corrupt {
				t.Fatalf("another transaction gave %v", err)
			}
		}
		other, _, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		document, err := proof.Export(t.Context(), o.Store, b.keys, source, 1)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(document)
		if _, err := proof.Check(text, hex.EncodeToString(other)); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("another key gave %v", err)
		}
		if _, err := proof.Check([]byte("{}"), ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("what is no proof gave %v", err)
		}
	})
}

func independently(t *testing.T, text []byte, key ed25519.PublicKey) bool {
	t.Helper()
	var p map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return (&thirdParty{}).check(p, key)
}

// spoil changes the sequence number in a proof.
func spoil(text []byte, field string, seq int64) []byte {
	old := fmt.Sprintf("%s%d", field, seq)
	return bytes.Replace(text, []byte(old), fmt.Appendf(nil, "%s%d", field, seq+100), 1)
}
