// Does with Go's golang.org/x/mod/sumdb what `verbale audit` does with a published log in a folder, to be measured beside it:
//
//	audit FOLDER
//
// The checkpoint's signature, each entry read, numbers and times in order, each note posted once, the root computed from the
// entries, each tile compared, and log.txt. It holds no more of the log than the audit does, and reads files ahead in a
// goroutine of its own.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	full   = 1 << height
	// So many files are read before they are taken.
	ahead = 32
)

// file is a tile, or the bundle of the entries below it, and its bytes.
type file struct {
	tile   tlog.Tile
	bundle bool
	data   []byte
	err    error
}

func (f file) path() string {
	kind := strconv.Itoa(f.tile.L)
	if f.bundle {
		kind = "entries"
	}
	prefix := fmt.Sprintf("tile/%d/%d/", height, f.tile.L)
	return strings.Replace(f.tile.Path(), prefix, "tile/"+kind+"/", 1)
}

// read hands out the files of a log in their order: each bundle, then the tiles that it completes, at last the partial tiles.
func read(folder string, size int64) <-chan file {
	files := make(chan file, ahead)
	hand := func(tile tlog.Tile, bundle bool) {
		f := file{tile: tile, bundle: bundle}
		f.data, f.err = os.ReadFile(filepath.Join(folder, f.path()))
		files <- f
	}
	go func() {
		defer close(files)
		for start := int64(0); start < size; start += full {
			end := start + full
			if size < end {
				end = size
			}
			hand(tlog.Tile{H: height, N: start / full, W: int(end - start)}, true)
			for _, tile := range tlog.NewTiles(height, start, end) {
				if tile.W == full {
					hand(tile, false)
				}
			}
		}
		for level, hashes := 0, size; 0 < hashes; level, hashes = level+1, hashes>>height {
			if width := int(hashes % full); 0 < width {
				hand(tlog.Tile{H: height, L: level, N: hashes / full, W: width}, false)
			}
		}
	}()
	return files
}

// tree is as much of the tree as the next entry needs: the last hash of each level, and the tiles that are not full.
type tree struct {
	size, stored int64
	last         [64]struct {
		index int64
		hash  tlog.Hash
	}
	tiles [64/height + 1][]byte
}

// ReadHashes finds hashes by their places in the order of tlog.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
next:
	for place, index := range indexes {
		for level := range t.last {
			if t.last[level].index == index {
				found[place] = t.last[level].hash
				continue next
			}
		}
		return nil, errors.New("a hash is not there")
	}
	return found, nil
}

func (t *tree) push(entry []byte) error {
	added, err := tlog.StoredHashesForRecordHash(t.size, tlog.RecordHash(entry), t)
	if err != nil {
		return err
	}
	for level, hash := range added {
		t.last[level].index, t.last[level].hash = t.stored, hash
		t.stored++
		if level%height == 0 {
			t.tiles[level/height] = append(t.tiles[level/height], hash[:]...)
		}
	}
	t.size++
	return nil
}

// audit is what was learnt of a log so far.
type audit struct {
	tree  tree
	order order
	// The lines that log.txt must have next, and room for those that it has.
	due, found []byte
	text       *bufio.Reader
}

func (a *audit) take(f file) error {
	if f.err != nil {
		return f.err
	}
	if !f.bundle {
		made := a.tree.tiles[f.tile.L]
		if !bytes.Equal(made, f.data) {
			return fmt.Errorf("%s is not the tile that the entries make", f.path())
		}
		a.tree.tiles[f.tile.L] = made[:0]
		return nil
	}
	a.due = a.due[:0]
	data := f.data
	for place := 0; place < f.tile.W; place++ {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return fmt.Errorf("%s is too short", f.path())
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		if err := a.entry(data[2:end]); err != nil {
			return fmt.Errorf("entry %d: %w", a.tree.size, err)
		}
		data = data[end:]
	}
	if len(data) != 0 {
		return fmt.Errorf("%s is too long", f.path())
	}
	a.found = append(a.found[:0], a.due...)
	if _, err := io.ReadFull(a.text, a.found); err != nil {
		return err
	}
	if !bytes.Equal(a.found, a.due) {
		return errors.New("log.txt differs from the entries")
	}
	return nil
}

func (a *audit) entry(entry []byte) error {
	a.due = strconv.AppendInt(a.due, a.tree.size, 10)
	a.due = append(a.due, ' ')
	a.due = append(a.due, entry...)
	if err := a.order.take(entry); err != nil {
		return err
	}
	return a.tree.push(entry)
}

// head is the size and the root that the log's key has signed.
func head(folder string) (size int64, root tlog.Hash, err error) {
	vkey, err := os.ReadFile(filepath.Join(folder, "log.vkey"))
	if err != nil {
		return 0, root, err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return 0, root, err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return 0, root, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return 0, root, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 {
		return 0, root, errors.New("the checkpoint is too short")
	}
	if size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return 0, root, err
	}
	root, err = tlog.ParseHash(lines[2])
	return size, root, err
}

func run(folder string) (int64, error) {
	size, root, err := head(folder)
	if err != nil {
		return 0, err
	}
	text, err := os.Open(filepath.Join(folder, "log.txt"))
	if err != nil {
		return 0, err
	}
	defer text.Close()
	a := audit{text: bufio.NewReaderSize(text, 1<<16)}
	for level := range a.tree.last {
		a.tree.last[level].index = -1
	}
	for f := range read(folder, size) {
		if err := a.take(f); err != nil {
			return 0, err
		}
	}
	found, err := tlog.TreeHash(size, &a.tree)
	if err != nil {
		return 0, err
	}
	if found != root {
		return 0, fmt.Errorf("the entries lead to the root %v, and %v was signed", found, root)
	}
	if a.order.posted != a.order.notes {
		return 0, errors.New("a note was never posted")
	}
	return size, nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: audit FOLDER")
		os.Exit(2)
	}
	size, err := run(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Printf("all %d entries hold\n", size)
}
