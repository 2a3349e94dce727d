// Reads a published log over HTTP with Go's own implementation of transparency logs (golang.org/x/mod/sumdb), and checks the
// checkpoint, every record, and that the log continues each earlier head.
//
//	published FOLDER VKEY [TLOG-PROOF...]
//
// The folder is served on this machine for the occasion. An earlier head is the checkpoint inside a tlog-proof, and the
// record that the proof is about must be the one in the entry file beside it.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// site reads the files of a log below an address.
type site struct{ base string }

func (s site) read(path string) ([]byte, error) {
	answer, err := http.Get(s.base + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

func (s site) Height() int { return height }

// ReadTiles reads tiles by their paths in C2SP tlog-tiles, which leaves out the height that Go's have.
func (s site) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, err := s.read(path)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (s site) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads the records of one bundle.
func (s site) entries(index, width int64) ([][]byte, error) {
	tile := tlog.Tile{H: height, L: 0, N: index, W: int(width)}
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/0/", height), "tile/entries/", 1)
	data, err := s.read(path)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for 2 <= len(data) {
		end := 2 + int(binary.BigEndian.Uint16(data))
		if len(data) < end {
			return nil, fmt.Errorf("%s ends within an entry", path)
		}
		all = append(all, data[2:end])
		data = data[end:]
	}
	if int64(len(all)) != width || len(data) != 0 {
		return nil, fmt.Errorf("%s does not hold %d entries", path, width)
	}
	return all, nil
}

// head checks the signature of a checkpoint, and reads its size and root.
func head(signed []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("the checkpoint is not that of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func check(folder, vkey string, proofs []string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(listener, http.FileServer(http.Dir(folder)))
	log := site{"http://" + listener.Addr().String()}
	signed, err := log.read("checkpoint")
	if err != nil {
		return err
	}
	now, err := head(signed, verifier)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	fmt.Printf("checkpoint: %s signed the head of %d entries, root %v\n", verifier.Name(), now.N, now.Hash)
	hashes := tlog.TileHashReader(now, log)
	records, err := checkRecords(log, now, hashes)
	if err != nil {
		return err
	}
	fmt.Printf("records: each of the %d is under this root, by its inclusion proof\n", len(records))
	for _, proof := range proofs {
		if err := checkEarlier(proof, verifier, now, hashes, records); err != nil {
			return fmt.Errorf("%s: %w", proof, err)
		}
	}
	return nil
}

// checkRecords proves each record of the log by the tiles.
func checkRecords(log site, now tlog.Tree, hashes tlog.HashReader) ([][]byte, error) {
	var records [][]byte
	for start := int64(0); start < now.N; start += 1 << height {
		width := now.N - start
		if 1<<height < width {
			width = 1 << height
		}
		entries, err := log.entries(start>>height, width)
		if err != nil {
			return nil, err
		}
		records = append(records, entries...)
	}
	for index, record := range records {
		path, err := tlog.ProveRecord(now.N, int64(index), hashes)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", index, err)
		}
		if err := tlog.CheckRecord(path, now.N, now.Hash, int64(index), tlog.RecordHash(record)); err != nil {
			return nil, fmt.Errorf("record %d: %w", index, err)
		}
	}
	return records, nil
}

// checkEarlier checks a note's own proof, and that the log continues the head in it.
func checkEarlier(name string, verifier note.Verifier, now tlog.Tree, hashes tlog.HashReader, records [][]byte) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	proof, signed, found := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(proof), "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("this is no tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		path = append(path, hash)
	}
	then, err := head(signed, verifier)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(strings.TrimSuffix(name, ".tlog-proof") + ".entry.txt")
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(path, then.N, then.Hash, index, tlog.RecordHash(entry)); err != nil {
		return err
	}
	if int64(len(records)) <= index || !bytes.Equal(records[index], entry) {
		return fmt.Errorf("the log has another record %d", index)
	}
	growth, err := tlog.ProveTree(now.N, then.N, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(growth, now.N, now.Hash, then.N, then.Hash); err != nil {
		return err
	}
	fmt.Printf("%s: record %d is under its head, and the log of %d entries continues that of %d\n", name, index, now.N, then.N)
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: published FOLDER VKEY [TLOG-PROOF...]")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
