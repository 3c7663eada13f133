package vault

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/signature"
	tinked25519 "github.com/tink-crypto/tink-go/v2/signature/ed25519"

	"github.com/billfold/billfold/internal/base/fault"
)

// signingFile is the third kind of key file: "signing.0001.json", ...
const signingFile = "signing"

// Signing signs the daily seals of the books. Its key lies beside the sealing
// keys, outside the database, so that whoever can write the database cannot
// sign what they wrote. It is safe for concurrent use.
type Signing struct {
	id      string
	private ed25519.PrivateKey
	public  map[string]ed25519.PublicKey
}

// OpenSigning reads the signing keys of a key directory, and makes the first
// one when it holds none. Errors are those of Open.
func OpenSigning(dir string) (*Signing, error) {
	d := keyDir(dir)
	version, err := d.newest(signingFile)
	if err != nil {
		return nil, err
	}
	if version == 0 {
		// Two processes may meet here: the one that comes second reads the first's key.
		err := d.writeNew(signingFile, 1, signature.ED25519KeyWithoutPrefixTemplate())
		if err != nil && fault.KindOf(err) != fault.Conflict {
			return nil, err
		}
	}
	handle, _, err := d.read(signingFile)
	if err != nil {
		return nil, err
	}
	s, err := signingFrom(handle)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Corrupt, Op: "vault.OpenSigning", Message: "the signing keys cannot be used", Err: err}
	}
	return s, nil
}

func signingFrom(handle *keyset.Handle) (*Signing, error) {
	s := &Signing{public: map[string]ed25519.PublicKey{}}
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, err
		}
		key, ok := entry.Key().(*tinked25519.PrivateKey)
		if !ok {
			return nil, errors.New("a key is not an Ed25519 key")
		}
		seed := key.PrivateKeyBytes().Data(insecuresecretdataaccess.Token{})
		private := ed25519.NewKeyFromSeed(seed)
		public := ed25519.PublicKey(private[ed25519.PublicKeySize:])
		id := KeyID(public)
		s.public[id] = public
		if entry.IsPrimary() {
			s.id, s.private = id, private
		}
	}
	return s, nil
}

// KeyID names a public key: the first 16 hexadecimal digits of its SHA-256.
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// Sign signs a message under the newest key and names that key.
func (s *Signing) Sign(message []byte) (keyID string, signed []byte) {
	return s.id, ed25519.Sign(s.private, message)
}

// PublicKey gives the public key with an id, for whoever checks a signature. It
// is false for a key that the directory does not hold.
func (s *Signing) PublicKey(id string) (ed25519.PublicKey, bool) {
	key, ok := s.public[id]
	return key, ok
}
