// A client of our log that is made of other people's packages alone: golang.org/x/mod/sumdb (notes
// and Merkle trees of Go's own checksum database) and github.com/transparency-dev/formats (C2SP
// checkpoints, cosignatures, log proofs). docs/oracles.md says how it is built.
//
//	client receipt POLICY RECEIPT        the receipt's entry stands in the log
//	client follow POLICY CHECKPOINT URL  the log at URL continues that of an older checkpoint
//
// POLICY: the log's verifier key, the number of witnesses who must have cosigned, their keys; a
// line each. Exit code 0: accepted; 1: refused, with the reason; 2: not done.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	flog "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

type policy struct {
	log       note.Verifier
	required  int
	witnesses []note.Verifier
}

// unreachable is what goes wrong outside of what is judged.
type unreachable struct{ error }

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: client receipt POLICY RECEIPT | follow POLICY CHECKPOINT URL")
		os.Exit(2)
	}
	known, err := readPolicy(os.Args[2])
	if err == nil {
		switch {
		case os.Args[1] == "receipt":
			err = receipt(known, os.Args[3])
		case os.Args[1] == "follow" && len(os.Args) == 5:
			err = follow(known, os.Args[3], os.Args[4])
		default:
			err = unreachable{errors.New("no such command")}
		}
	}
	var outside unreachable
	switch {
	case errors.As(err, &outside):
		fmt.Fprintln(os.Stderr, outside)
		os.Exit(2)
	case err != nil:
		fmt.Println("refused:", err)
		os.Exit(1)
	}
	fmt.Println("accepted")
}

func readPolicy(path string) (policy, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return policy{}, unreachable{err}
	}
	lines := strings.Fields(string(data))
	found := policy{}
	if found.log, err = note.NewVerifier(lines[0]); err != nil {
		return policy{}, unreachable{err}
	}
	if found.required, err = strconv.Atoi(lines[1]); err != nil {
		return policy{}, unreachable{err}
	}
	for _, line := range lines[2:] {
		witness, err := fnote.NewVerifierForCosignatureV1(line)
		if err != nil {
			return policy{}, unreachable{err}
		}
		found.witnesses = append(found.witnesses, witness)
	}
	return found, nil
}

// tree is what a checkpoint commits to, once the log and enough witnesses have signed it.
func (p policy) tree(checkpoint []byte) (tlog.Tree, error) {
	head, rest, signed, err := flog.ParseCheckpoint(checkpoint, p.log.Name(), p.log, p.witnesses...)
	if err != nil {
		return tlog.Tree{}, err
	}
	if len(rest) > 0 || len(head.Hash) != tlog.HashSize {
		return tlog.Tree{}, errors.New("no checkpoint of three lines")
	}
	if seen := len(signed.Sigs) - 1; seen < p.required {
		return tlog.Tree{}, fmt.Errorf("%d witnesses cosigned, %d are required", seen, p.required)
	}
	return tlog.Tree{N: int64(head.Size), Hash: tlog.Hash(head.Hash)}, nil
}

func receipt(p policy, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return unreachable{err}
	}
	var held proof.TLogProof
	if err := held.Unmarshal(data); err != nil {
		return err
	}
	tree, err := p.tree(held.Checkpoint)
	if err != nil {
		return err
	}
	var hashes tlog.RecordProof
	for _, hash := range held.Hashes {
		hashes = append(hashes, tlog.Hash(hash))
	}
	leaf := tlog.RecordHash(held.ExtraData)
	return tlog.CheckRecord(hashes, tree.N, tree.Hash, int64(held.Index), leaf)
}

func follow(p policy, older, url string) error {
	data, err := os.ReadFile(older)
	if err != nil {
		return unreachable{err}
	}
	old, err := p.tree(data)
	if err != nil {
		return err
	}
	served := reader{url}
	checkpoint, err := served.get("checkpoint")
	if err != nil {
		return err
	}
	now, err := p.tree(checkpoint)
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(now, served)
	grown, err := tlog.ProveTree(now.N, old.N, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(grown, now.N, now.Hash, old.N, old.Hash); err != nil {
		return err
	}
	return served.compareEntries(now.N, hashes)
}

// reader fetches what c2sp.org/tlog-tiles names; it is a tlog.TileReader.
type reader struct{ url string }

func (r reader) Height() int                     { return tileHeight }
func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		// tile/8/0/000 is tile/0/000 there
		data, err := r.get("tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight)))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func (r reader) get(path string) ([]byte, error) {
	answer, err := http.Get(strings.TrimSuffix(r.url, "/") + "/" + path)
	if err != nil {
		return nil, unreachable{err}
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s for %s", answer.Status, path)
	}
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, unreachable{err}
	}
	return data, nil
}

// compareEntries reads every entry of the log and compares its hash with the tree's.
func (r reader) compareEntries(size int64, hashes tlog.HashReader) error {
	for first := int64(0); first < size; first += 1 << tileHeight {
		width := min(size-first, 1<<tileHeight)
		tile := tlog.Tile{H: tileHeight, L: -1, N: first >> tileHeight, W: int(width)}
		path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/data/", tileHeight))
		bundle, err := r.get("tile/entries/" + path)
		if err != nil {
			return err
		}
		for index := first; index < first+width; index++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("the entry bundle of entry %d ends early", index)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			entry := bundle[2:end]
			bundle = bundle[end:]
			known, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
			if err != nil {
				return err
			}
			if tlog.RecordHash(entry) != known[0] {
				return fmt.Errorf("entry %d is not the one in the tree", index)
			}
		}
		if len(bundle) > 0 {
			return errors.New("an entry bundle holds more entries than the tree")
		}
	}
	return nil
}
