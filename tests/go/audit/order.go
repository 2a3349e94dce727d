package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// skew is by how much clocks may differ, in milliseconds.
const skew = 10 * 60 * 1000

// epoch is the moment from which the platform counts, in milliseconds.
const epoch = 1288834974657

var errForm = errors.New("it is not of its form")

// order is what the entries say one after the other.
type order struct {
	notes, posted int64
	latest        int64
	// When each note was entered whose post has not come yet.
	waiting  []int64
	lastPost uint64
}

// take reads an entry in the form that FORMAT.md gives, and puts it in its place.
func (o *order) take(entry []byte) error {
	if len(entry) < 2 || 1024 < len(entry) || entry[len(entry)-1] != '\n' || !clean(entry[:len(entry)-1]) {
		return errForm
	}
	kind, rest, _ := strings.Cut(string(entry[:len(entry)-1]), " ")
	switch kind {
	case "note", "post", "open", "dispute", "receipt", "lost", "gap", "key", "stamp", "unlock":
	default:
		return nil
	}
	first, rest, found := strings.Cut(rest, " ")
	at, err := moment(first)
	if err != nil || !found {
		return errForm
	}
	if at < o.latest-skew {
		return errors.New("it is before an earlier one")
	}
	if o.latest < at {
		o.latest = at
	}
	switch kind {
	case "note":
		return o.note(at, rest)
	case "post":
		return o.post(at, rest)
	}
	return other(kind, rest)
}

func (o *order) note(at int64, rest string) error {
	digits, commitment, _ := strings.Cut(rest, " ")
	number, err := positive(digits)
	if err != nil || !isHash(commitment) {
		return errForm
	}
	if number != uint64(o.notes+1) {
		return fmt.Errorf("note %d is not in its place", number)
	}
	o.notes++
	o.waiting = append(o.waiting, at)
	return nil
}

func (o *order) post(at int64, rest string) error {
	run, rest, _ := strings.Cut(rest, " ")
	platform, digits, _ := strings.Cut(rest, " ")
	low, high, _ := strings.Cut(run, "-")
	first, err := positive(low)
	if err != nil {
		return err
	}
	last, err := positive(high)
	if err != nil {
		return err
	}
	post, err := number(digits)
	if err != nil || platform != "x" || last < first {
		return errForm
	}
	if first != uint64(o.posted+1) || uint64(o.notes) < last || post == o.lastPost {
		return fmt.Errorf("the post of note %d is not in its place", first)
	}
	shown := int(last) - int(o.posted)
	posted := int64(post>>22) + epoch
	if at+skew < posted || posted+skew < o.waiting[shown-1] {
		return fmt.Errorf("the post of note %d is of another time", first)
	}
	o.posted, o.lastPost = int64(last), post
	o.waiting = append(o.waiting[:0], o.waiting[shown:]...)
	return nil
}

// other reads an entry about anything but notes and posts, after its time.
func other(kind, rest string) error {
	words := strings.Split(rest, " ")
	is := func(count int, checks ...bool) error {
		for _, check := range append(checks, len(words) == count) {
			if !check {
				return errForm
			}
		}
		return nil
	}
	at := func(place int) string {
		if place < len(words) {
			return words[place]
		}
		return ""
	}
	_, notNumber := positive(at(0))
	switch kind {
	case "open":
		level := at(1) == "envelope" || at(1) == "content" || at(1) == "unlocked"
		return is(3, notNumber == nil, level, isHash(at(2)))
	case "stamp":
		return is(4, notNumber == nil, at(1) == "tsr" || at(1) == "ots", at(2) != "", isHash(at(3)))
	case "unlock":
		return is(2, notNumber == nil, isHash(at(1)))
	case "dispute":
		_, notPost := number(at(2))
		return is(3, notNumber == nil, at(1) == "x", notPost == nil)
	case "receipt":
		_, notNumber := positive(at(1))
		return is(3, at(0) != "", notNumber == nil, isHash(at(2)))
	case "lost":
		_, notPost := number(at(1))
		how := at(2) == "deleted" || at(2) == "edited" || at(2) == "hidden" || at(2) == "unreadable"
		return is(3, at(0) == "x", notPost == nil, how)
	case "gap":
		from, notFrom := moment(at(0))
		to, notTo := moment(at(1))
		return is(len(words), notFrom == nil, notTo == nil, from <= to, at(2) != "")
	default:
		return is(1, at(0) != "")
	}
}

// clean tells whether a line is text without control characters or a space at its end.
func clean(line []byte) bool {
	if line[len(line)-1] == ' ' || !utf8.Valid(line) {
		return false
	}
	for place, c := range line {
		if c < 0x20 || c == 0x7f || c == 0xc2 && line[place+1] < 0xa0 {
			return false
		}
	}
	return true
}

func positive(text string) (uint64, error) {
	found, err := number(text)
	if err == nil && found == 0 {
		err = errForm
	}
	return found, err
}

func number(text string) (uint64, error) {
	if text == "" || text[0] == '+' || text[0] == '0' && text != "0" {
		return 0, errForm
	}
	return strconv.ParseUint(text, 10, 64)
}

func isHash(text string) bool {
	for place := 0; place < len(text); place++ {
		if c := text[place]; (c < '0' || '9' < c) && (c < 'a' || 'f' < c) {
			return false
		}
	}
	return len(text) == 64
}

// moment reads 2018-03-09T17:40:12.123Z as milliseconds.
func moment(text string) (int64, error) {
	const form = "0000-00-00T00:00:00.000Z"
	if len(text) != len(form) {
		return 0, errForm
	}
	for place := 0; place < len(form); place++ {
		if c := text[place]; form[place] == '0' && (c < '0' || '9' < c) || form[place] != '0' && c != form[place] {
			return 0, errForm
		}
	}
	value := func(start, end int) (value int) {
		for _, c := range []byte(text[start:end]) {
			value = 10*value + int(c-'0')
		}
		return value
	}
	year, month, day := value(0, 4), time.Month(value(5, 7)), value(8, 10)
	hour, minute, second := value(11, 13), value(14, 16), value(17, 19)
	at := time.Date(year, month, day, hour, minute, second, value(20, 23)*1e6, time.UTC)
	if month < 1 || 12 < month || at.Day() != day || day == 0 || 23 < hour || 59 < minute || 59 < second {
		return 0, errForm
	}
	return at.UnixMilli(), nil
}
