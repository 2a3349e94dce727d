// Does with Go's golang.org/x/mod/sumdb what `verbale audit` does with a published log in a folder, to be measured beside it:
//
//	audit FOLDER
//
// The checkpoint's signature, each entry read, numbers and times in order, each note posted once, the root computed from the
// entries, and each tile compared. It does not look at log.txt.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// hashes are all that are stored of the tree, in the order of tlog.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for place, index := range indexes {
		if int64(len(h)) <= index {
			return nil, errors.New("a hash is not there")
		}
		found[place] = h[index]
	}
	return found, nil
}

// order is what the entries say one after the other.
type order struct {
	notes, posted int64
	latest        time.Time
}

func (o *order) take(entry []byte) error {
	if len(entry) == 0 || entry[len(entry)-1] != '\n' {
		return errors.New("an entry does not end in LF")
	}
	words := strings.Split(string(entry[:len(entry)-1]), " ")
	switch words[0] {
	case "note", "post":
	default:
		return nil
	}
	if (words[0] == "note") != (len(words) == 4) || (words[0] == "post") != (len(words) == 5) {
		return errors.New("an entry has another form")
	}
	at, err := time.Parse("2006-01-02T15:04:05.000Z", words[1])
	if err != nil {
		return err
	}
	if at.Before(o.latest.Add(-10 * time.Minute)) {
		return errors.New("an entry is before an earlier one")
	}
	if o.latest.Before(at) {
		o.latest = at
	}
	if words[0] == "note" {
		number, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil {
			return err
		}
		commitment, err := hex.DecodeString(words[3])
		if err != nil || len(commitment) != 32 || number != o.notes+1 {
			return fmt.Errorf("note %d is not in its place", number)
		}
		o.notes = number
		return nil
	}
	first, last, _ := strings.Cut(words[2], "-")
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return err
	}
	to, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		return err
	}
	if _, err := strconv.ParseUint(words[4], 10, 64); err != nil {
		return err
	}
	if from != o.posted+1 || to < from || o.notes < to {
		return fmt.Errorf("the post of note %d is not in its place", from)
	}
	o.posted = to
	return nil
}

func path(folder string, tile tlog.Tile, kind string) string {
	prefix := fmt.Sprintf("tile/%d/%d/", height, tile.L)
	return filepath.Join(folder, strings.Replace(tile.Path(), prefix, "tile/"+kind+"/", 1))
}

func audit(folder string) (int64, error) {
	vkey, err := os.ReadFile(filepath.Join(folder, "log.vkey"))
	if err != nil {
		return 0, err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return 0, err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return 0, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return 0, err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return 0, err
	}
	stored := make(hashes, 0, tlog.StoredHashIndex(0, size)+64)
	var order order
	for start := int64(0); start < size; start += 1 << height {
		width := int(size - start)
		if 1<<height < width {
			width = 1 << height
		}
		tile := tlog.Tile{H: height, L: 0, N: start >> height, W: width}
		data, err := os.ReadFile(path(folder, tile, "entries"))
		if err != nil {
			return 0, err
		}
		for place := int64(0); place < int64(width); place++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return 0, errors.New("a bundle is too short")
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			if err := order.take(data[2:end]); err != nil {
				return 0, fmt.Errorf("entry %d: %w", start+place, err)
			}
			added, err := tlog.StoredHashesForRecordHash(start+place, tlog.RecordHash(data[2:end]), stored)
			if err != nil {
				return 0, err
			}
			stored = append(stored, added...)
			data = data[end:]
		}
		if len(data) != 0 {
			return 0, errors.New("a bundle is too long")
		}
	}
	found, err := tlog.TreeHash(size, stored)
	if err != nil || found != root {
		return 0, fmt.Errorf("the entries lead to the root %v: %w", found, err)
	}
	if order.posted != order.notes {
		return 0, errors.New("a note was never posted")
	}
	return size, compare(folder, size, stored)
}

// compare compares each tile with what the entries lead to.
func compare(folder string, size int64, stored hashes) error {
	for _, tile := range tlog.NewTiles(height, 0, size) {
		// Older versions of tlog name the partial tiles of smaller trees too.
		if full := tile.W == 1<<height; !full && tile.N<<height+int64(tile.W) != size>>(height*tile.L) {
			continue
		}
		made, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return err
		}
		published, err := os.ReadFile(path(folder, tile, strconv.Itoa(tile.L)))
		if err != nil {
			return err
		}
		if !bytes.Equal(made, published) {
			return fmt.Errorf("%s is not the tile that the entries make", tile.Path())
		}
	}
	return nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: audit FOLDER")
		os.Exit(2)
	}
	size, err := audit(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Printf("all %d entries hold\n", size)
}
