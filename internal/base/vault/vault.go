// Package vault encrypts what must not be readable in the database (social
// security numbers, bank data, raw inbound files) with keys that live outside it.
//
// It knows two sets of keys in one directory: the sealing keys (AES-256-GCM,
// one of them primary) and one fingerprint key (HMAC-SHA-256) for finding an
// encrypted value by equality. Both are Tink keysets. It does not know what is
// sealed, in which column it is kept, or when to rotate.
//
// Invariants:
//   - A sealed value opens only with the context it was sealed with. The context
//     names its row and column ("person/ssn/01hx..."), so a value copied to
//     another row does not open there.
//   - A key file is never rewritten or removed: each change is a new version
//     beside the old ones, on disk before it is used, and the newest counts.
//   - A key file or directory that others may read is refused.
//
// Sealing holds the whole value in memory. Seal a large file in pieces of a
// megabyte or so, with the piece's ordinal and the count of pieces in each context.
//
// The key files are not themselves encrypted: file permissions, the disk's
// encryption and a backup apart from the database's protect them. Whoever loses
// the directory loses what was sealed. Start reading at Vault.Seal, then
// Vault.Rotate.
package vault

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

// FingerprintSize is the length of a fingerprint in bytes.
const FingerprintSize = 32

// Vault seals and opens values. It is safe for concurrent use, and several
// processes may share one key directory.
type Vault struct {
	dir  keyDir
	keys atomic.Pointer[keys]
}

// keys is what is in force at one moment; it is replaced whole.
type keys struct {
	seal        tink.AEAD
	sealIDs     map[uint32]bool
	primary     []byte // what a value sealed under the newest key begins with
	fingerprint prf.Set
}

// Create makes a key directory (0700, with files 0600) and opens it. A directory
// that already holds sealing keys is fault.Conflict: new ones would make what
// was sealed unreadable. A Create that was cut short can be repeated.
func Create(dir string) (*Vault, error) {
	d := keyDir(dir)
	if err := d.make(); err != nil {
		return nil, err
	}
	sealed, err := d.newest(sealFile)
	if err != nil {
		return nil, err
	}
	if sealed > 0 {
		return nil, fault.New(fault.Conflict, "vault.Create", "%s already holds keys", dir).
			WithHint("Open them, or name an empty directory.")
	}
	// The sealing keys are written last: their presence says that all is there.
	fingerprinted, err := d.newest(fingerprintFile)
	if err != nil {
		return nil, err
	}
	if fingerprinted == 0 {
		if err := d.writeNew(fingerprintFile, 1, prf.HMACSHA256PRFKeyTemplate()); err != nil {
			return nil, err
		}
	}
	if err := d.writeNew(sealFile, 1, aead.AES256GCMKeyTemplate()); err != nil {
		return nil, err
	}
	return Open(dir)
}

// Open reads a key directory. No keys there is fault.NotFound; a directory or
// key file that its group or others may use is fault.Denied; a damaged key file
// is fault.Corrupt.
func Open(dir string) (*Vault, error) {
	v := &Vault{dir: keyDir(dir)}
	if err := v.reload(); err != nil {
		return nil, err
	}
	return v, nil
}

func (v *Vault) reload() error {
	sealing, _, err := v.dir.read(sealFile)
	if err != nil {
		return err
	}
	finding, _, err := v.dir.read(fingerprintFile)
	if err != nil {
		return err
	}
	k, err := keysFrom(sealing, finding)
	if err != nil {
		return &fault.Error{Kind: fault.Corrupt, Op: "vault.Open", Message: "the keys cannot be used", Err: err}
	}
	v.keys.Store(k)
	return nil
}

func keysFrom(sealing, finding *keyset.Handle) (*keys, error) {
	seal, err := aead.New(sealing)
	if err != nil {
		return nil, err
	}
	set, err := prf.NewPRFSet(finding)
	if err != nil {
		return nil, err
	}
	k := &keys{seal: seal, sealIDs: map[uint32]bool{}, fingerprint: *set}
	for _, info := range sealing.KeysetInfo().GetKeyInfo() {
		k.sealIDs[info.GetKeyId()] = true
	}
	k.primary = prefixOf(sealing.KeysetInfo().GetPrimaryKeyId())
	return k, nil
}

// Tink begins a ciphertext with a version byte and the id of its key.
const (
	prefixVersion = 1
	prefixSize    = 5
)

func prefixOf(keyID uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixVersion}, keyID)
}

// Seal encrypts plaintext under the newest key for the place that context
// names. The result is 33 bytes longer and differs each time. An empty context
// is fault.Invalid. Rotate well before one key has sealed 2^32 values, the limit
// for random nonces (NIST SP 800-38D, 8.3).
func (v *Vault) Seal(plaintext []byte, context string) ([]byte, error) {
	if context == "" {
		return nil, fault.New(fault.Invalid, "vault.Seal", "a sealed value needs a context that names its place")
	}
	sealed, err := v.keys.Load().seal.Encrypt(plaintext, []byte(context))
	if err != nil {
		return nil, fault.Wrap("vault.Seal", err)
	}
	return sealed, nil
}

// Open decrypts what Seal gave for the same context. A value that was altered,
// or belongs to another context, is fault.Corrupt; one sealed under a key that
// is not in the directory is fault.Unavailable. A key that another process has
// added since is found.
func (v *Vault) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < prefixSize || sealed[0] != prefixVersion {
		return nil, fault.New(fault.Corrupt, "vault.Open", "this is not a sealed value")
	}
	k, err := v.keysWith(binary.BigEndian.Uint32(sealed[1:prefixSize]))
	if err != nil {
		return nil, err
	}
	plaintext, err := k.seal.Decrypt(sealed, []byte(context))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "vault.Open", "a sealed value was altered or belongs to another place")
	}
	return plaintext, nil
}

// keysWith gives the keys in force if the one with this id is among them,
// reading the directory again when it is not.
func (v *Vault) keysWith(id uint32) (*keys, error) {
	if k := v.keys.Load(); k.sealIDs[id] {
		return k, nil
	}
	if err := v.reload(); err != nil {
		return nil, err
	}
	k := v.keys.Load()
	if !k.sealIDs[id] {
		return nil, fault.New(fault.Unavailable, "vault.Open", "the key that sealed this is not in the key directory").
			WithHint("Restore the key directory that belongs to this database.")
	}
	return k, nil
}

// NeedsReseal reports whether a sealed value is under another key than the
// newest. The caller that holds the rows opens it, seals it again and stores it,
// a chunk of rows at a time, whenever it likes: old keys keep opening.
func (v *Vault) NeedsReseal(sealed []byte) bool {
	return !bytes.HasPrefix(sealed, v.keys.Load().primary)
}

// Fingerprint gives a keyed hash of value for a column searched by equality, so
// that a value is found without being stored readable. The same value under
// another purpose ("person/ssn", "payer/bank") gives another fingerprint. Equal
// texts only match: the caller normalises first. No value and no purpose are
// fault.Invalid.
//
// Few values are possible for some secrets (10^9 for an SSN), so whoever has the
// fingerprint key can find them by trying all: guard it like the sealing keys.
func (v *Vault) Fingerprint(value secret.Text, purpose string) ([]byte, error) {
	if value.IsZero() || purpose == "" {
		return nil, fault.New(fault.Invalid, "vault.Fingerprint", "a fingerprint needs a value and a purpose")
	}
	// The length keeps purpose and value apart: ("ab", "c") is not ("a", "bc").
	message := binary.BigEndian.AppendUint32(nil, uint32(len(purpose)))
	message = append(message, purpose...)
	message = append(message, value.Reveal()...)
	sum, err := v.keys.Load().fingerprint.ComputePrimaryPRF(message, FingerprintSize)
	if err != nil {
		return nil, fault.Wrap("vault.Fingerprint", err)
	}
	return sum, nil
}

// Rotate adds a sealing key and makes it the one that seals from now on; all
// earlier keys still open. Two rotations at once are fault.Conflict for one of
// them. Other processes on the directory meet the new key when they first open
// something sealed under it.
func (v *Vault) Rotate() error {
	sealing, version, err := v.dir.read(sealFile)
	if err != nil {
		return err
	}
	next, err := withNewPrimary(sealing)
	if err != nil {
		return fault.Wrap("vault.Rotate", err)
	}
	if err := v.dir.write(sealFile, version+1, next); err != nil {
		return err
	}
	return v.reload()
}

func withNewPrimary(handle *keyset.Handle) (*keyset.Handle, error) {
	manager := keyset.NewManagerFromHandle(handle)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, err
	}
	return manager.Handle()
}

// ReplaceFingerprintKey puts a new fingerprint key in force, after which no
// fingerprint made before matches. It is never part of Rotate. Do it with the
// product stopped and index again at once: for every row open the sealed value,
// fingerprint it and store that. Nothing is lost if that is cut short, for it
// needs only the sealed values and can be run again from the start.
func (v *Vault) ReplaceFingerprintKey() error {
	version, err := v.dir.newest(fingerprintFile)
	if err != nil {
		return err
	}
	if err := v.dir.writeNew(fingerprintFile, version+1, prf.HMACSHA256PRFKeyTemplate()); err != nil {
		return err
	}
	return v.reload()
}
