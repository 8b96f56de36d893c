package review

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"videomall/db"
	"videomall/mall/review/internal/dbsqlc"
	"videomall/mall/textnorm"
)

// MaxWeight is the most points that one word may bring.
const MaxWeight = 100

// Word is a word that raises the score of a listing whose texts contain it.
type Word struct {
	ID      int64
	Word    string // as it was typed
	Weight  int    // points
	AddedBy int64
	AddedAt time.Time
}

// Words returns the list, in its order.
func (r *Reviews) Words(ctx context.Context) ([]Word, error) {
	rows, err := r.q.Words(ctx, r.deps.Pool)
	if err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	out := make([]Word, len(rows))
	for i, w := range rows {
		out[i] = Word{
			ID:      w.ID,
			Word:    w.Word,
			Weight:  int(w.Weight),
			AddedBy: w.AddedBy,
			AddedAt: w.AddedAt,
		}
	}
	return out, nil
}

// AddWord puts a word on the list; cases that are open keep their score. Errors: ErrInvalid with Fields.
func (r *Reviews) AddWord(ctx context.Context, operatorID int64, word string, weight int) error {
	word = strings.TrimSpace(word)
	normal := loose(word)
	if normal != "" && !cjk(normal) {
		normal = strings.Join(strings.Fields(normalised(word)), " ")
	}
	switch {
	case !db.Storable(word) || normal == "" || utf8.RuneCountInString(normal) > 200:
		return ErrInvalid.With("word", "word_invalid")
	case utf8.RuneCountInString(word) > MaxWord:
		return ErrInvalid.With("word", "word_long")
	case weight < 1 || weight > MaxWeight:
		return ErrInvalid.With("weight", "weight_invalid")
	}
	return db.InTx(ctx, r.deps.Pool, func(tx pgx.Tx) error {
		n, err := r.q.AddWord(ctx, tx, dbsqlc.AddWordParams{
			Word:    word,
			Norm:    normal,
			Weight:  int32(weight),
			AddedBy: operatorID,
			At:      r.deps.Now(),
		})
		if err != nil {
			return fmt.Errorf("add word: %w", err)
		}
		if n == 0 {
			return ErrInvalid.With("word", "word_known")
		}
		return r.deps.Audit(ctx, tx, operatorID, "review.word_add", "words",
			map[string]any{"word": word, "weight": weight})
	})
}

// RemoveWord takes a word off the list. Errors: ErrNotFound.
func (r *Reviews) RemoveWord(ctx context.Context, operatorID, id int64) error {
	return db.InTx(ctx, r.deps.Pool, func(tx pgx.Tx) error {
		w, err := r.q.RemoveWord(ctx, tx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound.Because("word %d", id)
		}
		if err != nil {
			return fmt.Errorf("remove word %s: %w", strconv.FormatInt(id, 10), err)
		}
		return r.deps.Audit(ctx, tx, operatorID, "review.word_remove", "words",
			map[string]any{"word": w.Word, "weight": w.Weight})
	})
}

// WordsInTx returns the words of the list that a text contains, as they stand on the list.
func (r *Reviews) WordsInTx(ctx context.Context, tx pgx.Tx, text string) (found []string, err error) {
	list, err := r.q.Words(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	for _, w := range list {
		if holds(text, w.Norm) {
			found = append(found, w.Word)
		}
	}
	return found, nil
}

// normalised makes spellings of one word equal: compatibility forms (full width, ligatures, circled letters) become
// plain ones, case goes, and so do characters that nobody sees.
func normalised(s string) string {
	return norm.NFKC.String(cases.Fold().String(textnorm.Key(s)))
}

// loose is normalised text without anything between letters and digits: Chinese has no spaces, and what is put between
// its characters only hides a word.
func loose(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return c
		}
		return -1
	}, normalised(s))
}

// cjk says that a text is written without spaces between words, at least in part.
func cjk(s string) bool { return strings.ContainsFunc(s, wordless) }

func wordless(c rune) bool {
	return unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// holds says whether a text contains the word, which is normalised. A word in an alphabet must stand by itself; a
// Chinese one may stand anywhere.
func holds(text, word string) bool {
	if cjk(word) {
		return strings.Contains(loose(text), word)
	}
	text = strings.Join(strings.Fields(normalised(text)), " ")
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		if !alphabetic(before) && !alphabetic(after) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		from = at + size
	}
}

// alphabetic is a character that would make a longer word of the one beside it.
func alphabetic(c rune) bool {
	return c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsDigit(c)) && !wordless(c)
}
